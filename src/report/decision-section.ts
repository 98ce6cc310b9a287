import { gpuName } from "../catalog/short-names.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import type { Decision } from "./decisions.ts";
import { html, type Html } from "./html.ts";
import { knownText, speedText } from "./format.ts";
import { UNLIMITED } from "./render-table.ts";

const MOST_TIES = 3;

/** `anchorOf` tells the row of a configuration in the table. */
export function decisionSection(
  decisions: readonly Decision[],
  anchorOf: (row: ConfigurationResult) => string,
): Html {
  return html`<section aria-labelledby="decision">
    <h2 id="decision">The decision</h2>
    <ul class="cards">
      ${decisions.map((decision) => card(decision, anchorOf))}
    </ul>
  </section>`;
}

function card(decision: Decision, anchorOf: (row: ConfigurationResult) => string): Html {
  const { question, rule, winner, why, warnings, ties } = decision;
  if (winner === undefined)
    return html`<li>
      <h3>${question}</h3>
      <p>Nothing was measured for it yet.</p>
    </li>`;
  const link = (row: ConfigurationResult): Html =>
    html`<a href="#${anchorOf(row)}">${row.name} on ${gpuName(row.gpu)}</a>`;
  const more = ties.length - MOST_TIES;
  return html`<li>
    <h3>${question}</h3>
    <p class="winner">${link(winner)}</p>
    <dl>
      <div>
        <dt>Tokens a second</dt>
        <dd>${speedText(winner, UNLIMITED)}</dd>
      </div>
      <div>
        <dt>1M tokens</dt>
        <dd>${knownText(winner.costPer1M, 2, "$")}</dd>
      </div>
      <div>
        <dt>An hour</dt>
        <dd>${knownText(winner.hourlyUsd || NaN, 2, "$")}</dd>
      </div>
    </dl>
    <p class="why">Rule: ${rule}.${why === "" ? "" : ` Here: ${why}.`}</p>
    ${ties.length === 0 ? undefined : html`<p class="why">No difference shown to: ${ties.slice(0, MOST_TIES).map((row, index) => html`${index === 0 ? "" : ", "}${link(row)}`)}${more > 0 ? ` and ${more} more` : ""}.</p>`}
    ${warnings.map((text) => html`<p class="warning">${text}</p>`)}
  </li>`;
}
