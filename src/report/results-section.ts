import { gpuName } from "../catalog/short-names.ts";
import { median } from "../evidence/statistics.ts";
import {
  figuresOf,
  type RejectedRecord,
  type ConfigurationResult,
} from "../results/query/configurations.ts";
import { ageText, confidenceOf } from "../results/query/coverage.ts";
import { html, type Html } from "./html.ts";

export interface ResultRow {
  readonly anchor: string;
  readonly row: ConfigurationResult;
  readonly stale: boolean;
}

const MOST_BARRED = 100;
const CATEGORY_COLUMNS = ["coding", "context_heavy", "reasoning"] as const;
const HEADS: readonly (readonly [title: string, numeric: boolean])[] = [
  ["GPU type", false],
  ["Model", false],
  ["Size", false],
  ["Tokens/s", true],
  ["95 %", false],
  ["Coding", true],
  ["Context", true],
  ["Reasoning", true],
  ["TTFT s", true],
  ["$/1M", true],
  ["$/hour", true],
  ["Tokens/s per $", true],
  ["Passes", true],
  ["VMs", true],
  ["Confidence", false],
  ["Last pass", true],
  ["Engine", false],
];

/** Every configuration; sorted and filtered by the page's script, `imported` below and by themselves. */
export function resultsSection(
  rows: readonly ResultRow[],
  imported: readonly ResultRow[],
  rejectedRecords: readonly RejectedRecord[],
  warnings: readonly string[],
  nowMs: number,
): Html {
  return html`<section aria-labelledby="results">
    <h2 id="results">All configurations</h2>
    ${warnings.map((text) => html`<p class="warning">Note: ${text}.</p>`)}

    <div class="scroll" tabindex="0" role="region" aria-labelledby="results">
      <table id="table">
        <caption class="unseen">
          Configurations, one a row; headings sort
        </caption>
        <thead>
          <tr>
            ${HEADS.map(([title, numeric]) => html`<th scope="col" ${numeric ? html` class="n"` : undefined}><span>${title}</span></th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((one) => tableRow(one, nowMs))}
        </tbody>
        ${
          imported.length === 0
            ? undefined
            : html`<tbody class="apart">
                  <tr>
                    <td colspan="${HEADS.length}">
                      Imported, ranked apart (report --with-imported ranks them with your own)
                    </td>
                  </tr>
                </tbody>
                <tbody>
                  ${imported.map((one) => tableRow(one, nowMs))}
                </tbody>`
        }
      </table>
    </div>
    ${
      rejectedRecords.length === 0
        ? undefined
        : html`<h3>
              Not
              ranked${rejectedRecords.length > MOST_BARRED ? `: ${MOST_BARRED} of ${rejectedRecords.length}` : ""}
            </h3>
            <ul>
              ${rejectedRecords.slice(0, MOST_BARRED).map(({ record, reason }) => html`<li>${record.model_id} on ${record.gpu_type}: ${reason}</li>`)}
            </ul>`
    }
  </section>`;
}

function tableRow({ anchor, row, stale }: ResultRow, nowMs: number): Html {
  const { interval, median: speed, n, unstable } = row.speed;
  const marks = [
    ...(row.simulated ? ["SIMULATED"] : []),
    ...(unstable ? ["unstable"] : []),
    ...(row.origin === undefined ? [] : [`imported: ${row.origin}`]),
  ];
  const number = (value: number | undefined, digits: number): Html =>
    value === undefined || !Number.isFinite(value)
      ? html`<td class="n">–</td>`
      : html`<td class="n" data-v="${value}">${value.toFixed(digits)}</td>`;
  return html`<tr id="${anchor}">
    <th scope="row" title="${row.gpu}">${gpuName(row.gpu)}</th>
    <td title="${row.model}">
      ${row.name}${marks.map((mark) => html` <span class="mark">${mark}</span>`)}
    </td>
    <td>${row.modelCategory}</td>
    ${number(speed, 1)}
    <td>
      ${interval === undefined ? "–" : `${interval.low.toFixed(1)}–${interval.high.toFixed(1)}`}
    </td>
    ${CATEGORY_COLUMNS.map((category) => number(categorySpeed(row, category), 1))}
    ${number(row.ttftS, 2)}${number(row.costPer1M, 2)}${number(row.hourlyUsd > 0 ? row.hourlyUsd : undefined, 2)}${number(row.hourlyUsd > 0 ? row.efficiency : undefined, 1)}
    <td class="n" data-v="${n}">${n}</td>
    <td class="n" data-v="${row.vms ?? 0}">${row.vms ?? "–"}</td>
    <td>${confidenceOf(n)}</td>
    <td class="n" data-v="${row.lastMs ?? 0}">
      ${ageText(row.lastMs, nowMs)}${stale ? html` <span class="mark">stale</span>` : undefined}
    </td>
    <td>${row.engine}</td>
  </tr> `;
}

function categorySpeed(row: ConfigurationResult, category: string): number | undefined {
  const speeds = row.records.flatMap(
    (record) => figuresOf(record, category)?.avg_tokens_per_sec ?? [],
  );
  return speeds.length === 0 ? undefined : median(speeds);
}
