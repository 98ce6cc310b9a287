import { createHash } from "node:crypto";
import { compare } from "../results/query/compare.ts";
import { configurations, type ConfigurationResult } from "../results/query/configurations.ts";
import { coverage } from "../results/query/coverage.ts";
import { ownRecords } from "../results/query/record-quality.ts";
import { isoUtc } from "../support/clock.ts";
import { chartSection } from "./chart-section.ts";
import { coverageSection } from "./coverage-section.ts";
import { decisions } from "./decisions.ts";
import { decisionSection } from "./decision-section.ts";
import { failuresSection } from "./failures-section.ts";
import { html, trustedHtml, type Html } from "./html.ts";
import { loadSection } from "./load-section.ts";
import { methodSection } from "./method-section.ts";
import { moneySection } from "./money-section.ts";
import { VIEWS, type PageAssets, type ReportFacts } from "./report-facts.ts";
import { resultsSection, type ResultRow } from "./results-section.ts";
import { chartPoint } from "./speed-cost-chart.ts";
import { isSimulated } from "./sweep-verdict.ts";

const DAY_MS = 86_400_000;

/**
 * The whole report: one page that needs nothing beside itself. Its policy lets only its own script and style run,
 * by their hashes, and nothing load.
 */
export function reportPage(facts: ReportFacts, assets: PageAssets): string {
  const { database, nowMs, problems, records, runs, staleAfterDays, withImported = false } = facts;
  const answer = compare({ records, sortBy: "tokens_per_sec", withImported });
  const { rejectedRecords, warnings } = answer;
  const isRanked = ({ origin }: ConfigurationResult): boolean =>
    withImported || origin === undefined;
  const ranked = [...answer.rows, ...answer.unstable.filter(isRanked)];
  const imported = [...answer.imported, ...answer.unstable.filter((row) => !isRanked(row))];
  const rows = [...ranked, ...imported];
  const anchors = new Map(
    rows.flatMap((row, index) => row.records.map(({ id }) => [id, `c${index}`])),
  );
  const anchorOf = (row: ConfigurationResult): string =>
    anchors.get(row.records[0]?.id ?? "") ?? "results";
  const simulated =
    rows.some((row) => row.simulated) || runs.some(({ state }) => isSimulated(state));
  // Other people's figures stand apart in the table, and win nothing, unless that was asked for.
  const counted = withImported ? records : ownRecords(records);
  const views = VIEWS.map(({ id, title, category }) => {
    const seen = category === undefined ? ranked : configurations(counted, category);
    return { id, title, points: seen.map((row) => chartPoint(row, anchorOf(row))) };
  });
  const isStale = ({ lastMs }: ConfigurationResult): boolean =>
    lastMs !== undefined && nowMs - lastMs > staleAfterDays * DAY_MS;
  const tableRow = (row: ConfigurationResult): ResultRow => ({
    anchor: anchorOf(row),
    row,
    stale: isStale(row),
  });
  const title = `${simulated ? "SIMULATED " : ""}Benchmark report`;
  const page = html`<!doctype html>
    <html lang="en">
      ${headOf(title, assets)}
      <body>
        <a class="skip" href="#decision">To the decision</a>
        <header>
          <h1>${title}</h1>
          <p>
            ${rows.length} configurations from ${records.length} benchmarks; made
            ${isoUtc(nowMs).slice(0, 16).replace("T", " ")} UTC by maider-sweep ${facts.version}
            from ${database}.
          </p>
          <button id="theme" type="button" hidden>Theme: as the system</button>
          ${simulated ? html`<p class="simulated">SIMULATED: these figures come from a simulated cloud, not from real GPUs, and no money was spent on them.</p>` : undefined}
          ${problems.map((text) => html`<p class="warning">${text}</p>`)}
          <nav aria-label="Parts">
            <a href="#decision">Decision</a> <a href="#chart">Speed and cost</a>
            <a href="#results">Table</a> <a href="#coverage">Coverage</a>
            <a href="#failures">Failures</a> <a href="#money">Money</a> <a href="#method">Method</a>
          </nav>
        </header>
        <main>
          ${[
            decisionSection(decisions(counted, answer.rows, nowMs), anchorOf),
            chartSection(views, simulated),
            resultsSection(
              ranked.map(tableRow),
              imported.map(tableRow),
              rejectedRecords,
              warnings,
              nowMs,
            ),
            loadSection(answer.rows),
            coverageSection(coverage(records, nowMs, staleAfterDays), nowMs, staleAfterDays),
            failuresSection(runs),
            moneySection(runs),
            methodSection(records),
          ]}
        </main>
        ${trustedHtml(`<script>${assets.script}</script>`)}
      </body>
    </html> `;
  return page.markup;
}

/** The page may load nothing, and run only its own script. */
function headOf(title: string, assets: PageAssets): Html {
  return html`<head>
    <meta charset="utf-8" />
    <meta
      http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src '${digest(assets.style)}'; script-src '${digest(assets.script)}'; base-uri 'none'; form-action 'none'"
    />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    ${trustedHtml(`<style>${assets.style}</style>`)}
  </head>`;
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
