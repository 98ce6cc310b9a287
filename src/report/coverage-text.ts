import { gpuName } from "../catalog/short-names.ts";
import { ageText, type Confidence, type Coverage } from "../results/query/coverage.ts";
import type { Unranked } from "../results/query/unranked.ts";
import { usd } from "../support/money.ts";
import type { RebenchCost } from "../estimate/rebench-cost.ts";
import { rebenchCostLines } from "./rebench-cost-text.ts";
import { indentLines, renderTable, type TableStyle } from "./render-table.ts";
import { unrankedLines, WIDE } from "./format.ts";

const CONFIDENCES: readonly Confidence[] = ["High", "Medium", "Low"];
const MARKS: Readonly<Record<Confidence, string>> = { High: "✓", Medium: "⚠", Low: "⚠" };

/** What `benchmark-status` says. */
export function coverageText(
  answer: Coverage & { readonly without: readonly Unranked[] },
  refresh: RebenchCost,
  nowMs: number,
  style: TableStyle,
): string {
  const { byConfidence, tested, missing, outsideCatalog, without } = answer;
  const summary = [
    `${answer.simulated ? "SIMULATED " : ""}Benchmark Coverage`,
    `Total benchmarks: ${answer.total}${answer.rejectedRecords === 0 ? "" : ` (${answer.rejectedRecords} not sound)`}`,
    `GPU types tested: ${answer.gpuTypesTested}/${answer.gpuTypesTotal}${outsideCatalog.length === 0 ? "" : ` (and outside the catalogue: ${outsideCatalog.join(", ")})`}`,
    `Configurations: ${tested.length}`,
    ...(answer.imported === 0 ? [] : [`Imported, not counted: ${answer.imported}`]),
  ];
  const table =
    tested.length === 0
      ? "No configurations tested yet."
      : renderTable(
          [
            { head: "GPU Type", shrinks: true },
            { head: "Model", shrinks: true },
            { head: "Passes", align: "right" },
            { head: "VMs", align: "right", optional: true },
            { head: "Last Pass" },
            { head: "Confidence" },
          ],
          tested.map((one) => [
            gpuName(one.gpu),
            one.name,
            String(one.runs),
            one.vms === undefined ? "?" : String(one.vms),
            lastPassText(one, nowMs, style),
            `${MARKS[one.confidence]} ${one.confidence}`,
          ]),
          style,
        );
  const tried =
    without.length === 0
      ? []
      : ["Tried without a result:", unrankedLines(without, nowMs, style.width)];
  const gaps =
    missing.length === 0
      ? ["All GPU types are covered."]
      : [
          "Missing GPU types:",
          indentLines(
            missing.map(
              ({ id, card, gpus, hourly }) =>
                `${id}: ${gpus} x ${card.name} (${card.vramGb * gpus}GB, $${usd(hourly).toFixed(2)}/hr)`,
            ),
          ),
        ];
  const confidence = CONFIDENCES.map((name) => `${name}: ${byConfidence[name]}`).join(", ");
  return `${[...summary, table, ...tried, ...rebenchCostLines(refresh), ...gaps, `Confidence (passes: 3+ High, 2 Medium, 1 Low): ${confidence}`].join("\n")}\n`;
}

/** `2026-11-23 1 day ago (stale)`, without the date where it is narrow. */
function lastPassText(
  { lastMs, stale }: Coverage["tested"][number],
  nowMs: number,
  style: TableStyle,
): string {
  if (lastMs === undefined) return "unknown";
  const date = style.width < WIDE ? "" : `${new Date(lastMs).toISOString().slice(0, 10)} `;
  return `${date}${ageText(lastMs, nowMs)}${stale ? " (stale)" : ""}`;
}
