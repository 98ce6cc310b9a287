import { gpuName } from "../catalog/short-names.ts";
import type { Coverage } from "../results/query/coverage.ts";
import { ageText } from "../results/query/coverage.ts";
import { usd } from "../support/money.ts";
import { html, type Html } from "./html.ts";

/** What was tested of what exists, by GPU type, and what is missing. */
export function coverageSection(coverage: Coverage, nowMs: number, staleAfterDays: number): Html {
  const { byConfidence, gpuTypesTested, gpuTypesTotal, missing, outsideCatalog, tested } = coverage;
  const byType = [...Map.groupBy(tested, ({ gpu }) => gpu)].toSorted(([a], [b]) =>
    a.localeCompare(b),
  );
  const stale = tested.filter((one) => one.stale).length;
  return html`<section aria-labelledby="coverage">
    <h2 id="coverage">Coverage</h2>
    <p>
      ${gpuTypesTested} of ${gpuTypesTotal} GPU types, ${tested.length} configurations,
      ${coverage.total} benchmarks. Confidence: ${byConfidence.High} high (3 passes and more),
      ${byConfidence.Medium} medium, ${byConfidence.Low} low.
      ${stale === 0 ? `Nothing is older than ${staleAfterDays} days.` : `${stale} older than ${staleAfterDays} days: stale.`}${outsideCatalog.length === 0 ? "" : ` Outside the catalogue: ${outsideCatalog.join(", ")}.`}
    </p>
    <meter
      min="0"
      max="${gpuTypesTotal}"
      value="${gpuTypesTested}"
      aria-label="GPU types tested"
    ></meter>
    ${
      byType.length === 0
        ? undefined
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Coverage by GPU type">
            <table>
              <thead>
                <tr>
                  <th scope="col">GPU type</th>
                  <th scope="col" class="n">Models</th>
                  <th scope="col" class="n">Passes</th>
                  <th scope="col" class="n">Stale</th>
                  <th scope="col" class="n">Newest</th>
                </tr>
              </thead>
              <tbody>
                ${byType.map(
                  ([gpu, ones]) =>
                    html`<tr>
                      <th scope="row">${gpuName(gpu)} <small>${gpu}</small></th>
                      <td class="n">${ones.length}</td>
                      <td class="n">${ones.reduce((sum, { runs }) => sum + runs, 0)}</td>
                      <td class="n">${ones.filter((one) => one.stale).length}</td>
                      <td class="n">${ageText(newest(ones.map(({ lastMs }) => lastMs)), nowMs)}</td>
                    </tr> `,
                )}
              </tbody>
            </table>
          </div>`
    }
    ${
      missing.length === 0
        ? html`<p>All GPU types are covered.</p>`
        : html`<h3>Missing GPU types</h3>
            <ul>
              ${missing.map(({ id, card, gpus, hourly }) => html`<li>${id}: ${gpus} × ${card.name} (${card.vramGb * gpus} GB), $${usd(hourly).toFixed(2)} an hour</li>`)}
            </ul>`
    }
  </section>`;
}

function newest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
