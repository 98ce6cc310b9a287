import { gpuName } from "../catalog/short-names.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { loadFigures } from "../results/query/load-figures.ts";
import { html, type Html } from "./html.ts";

const HEADS = ["In flight", "Tokens/s", "Per user", "$/1M", "TTFT ms", "Passes"];

/** Throughput, speed for each user and price with several requests in flight; undefined if nothing was measured so. */
export function loadSection(rows: readonly ConfigurationResult[]): Html | undefined {
  const levels = rows.flatMap((row) => loadFigures(row).map((load) => ({ row, load })));
  if (levels.length === 0) return undefined;
  return html`<section aria-labelledby="load">
    <h2 id="load">Several users at once</h2>
    <p>
      With so many requests in flight: output tokens a second of the whole server, the median speed
      for one user, and the price of a million output tokens.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="load">
      <table>
        <thead>
          <tr>
            <th scope="col">GPU type</th>
            <th scope="col">Model</th>
            ${HEADS.map((head) => html`<th scope="col" class="n">${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${levels.map(
            ({ row, load }) =>
              html`<tr>
                <th scope="row" title="${row.gpu}">${gpuName(row.gpu)}</th>
                <td title="${row.model}">${row.name}</td>
                ${[
                  String(load.inFlight),
                  figureText(load.tokensPerSec, 1),
                  figureText(load.perUserTokensPerSec, 1),
                  figureText(load.costPer1M, 2),
                  figureText(load.ttftMs, 0),
                  String(load.rates.length),
                ].map((figure) => html`<td class="n">${figure}</td>`)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function figureText(value: number | undefined, digits: number): string {
  return value === undefined ? "–" : value.toFixed(digits);
}
