import { gpuName, modelName } from "../catalog/short-names.ts";
import { ageText, type Confidence, type Coverage } from "../results/query/coverage.ts";
import type { RecommendAnswer } from "../results/query/recommend.ts";
import type { Unranked } from "../results/query/unranked.ts";
import { usd } from "../support/money.ts";
import { shellWord } from "../support/shell-word.ts";
import type { PairOffer, RebenchCost } from "../estimate/rebench-cost.ts";
import { pairLines, rebenchCostLines } from "./rebench-cost-text.ts";
import { indentLines, renderTable, type TableStyle } from "./render-table.ts";
import { speedText, unrankedLines } from "./format.ts";

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
            { head: "VMs", align: "right" },
            { head: "Last Pass" },
            { head: "Confidence" },
          ],
          tested.map((one) => [
            gpuName(one.gpu),
            modelName(one.model),
            String(one.runs),
            one.vms === undefined ? "?" : String(one.vms),
            `${one.lastMs === undefined ? "unknown" : new Date(one.lastMs).toISOString().slice(0, 10)} ${ageText(one.lastMs, nowMs)}${one.stale ? " (stale)" : ""}`,
            `${MARKS[one.confidence]} ${one.confidence}`,
          ]),
          style,
        );
  const tried =
    without.length === 0 ? [] : ["Tried without a result:", unrankedLines(without, nowMs)];
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

/** What `recommend` says when it has something to say. */
export function recommendationText(
  answer: RecommendAnswer,
  more: readonly PairOffer[],
  style: TableStyle,
): string {
  const blocks = answer.recommendations.map(({ rank, tied, configuration: row, ...one }) =>
    [
      `#${rank}${tied ? " (tied)" : ""}  ${gpuName(row.gpu)} (${row.gpu})  ${row.model}`,
      indentLines([
        `Throughput: ${speedText(row, style)} tokens/sec`,
        `Cost: $${row.costPer1k.toFixed(4)} per 1K tokens, $${row.costPer1M.toFixed(2)} per 1M`,
        `Hourly: $${row.hourlyUsd.toFixed(2)}  VRAM: ${row.vramGb > 0 ? `${row.vramGb}GB` : "unknown"}  Efficiency: ${row.efficiency.toFixed(1)}`,
        `Confidence: ${one.confidence} (${row.speed.n} ${row.speed.n === 1 ? "pass" : "passes"})`,
        `Why: ${one.why}`,
        ...one.warnings.map((text) => `⚠ ${text}`),
      ]),
    ].join("\n"),
  );
  const unsettled = answer.recommendations.some(({ tied }) => tied)
    ? "What would settle the tie:"
    : "What would make it surer:";
  const unstable = answer.unstable.map(
    ({ gpu, model }) =>
      `Not ranked, its passes differ too much: ${gpuName(gpu)} ${model}; more passes would settle it: maider-sweep rebench --gpu ${shellWord(gpu)} --model ${shellWord(model)}`,
  );
  return `${[
    ...blocks,
    ...(blocks.length > 0
      ? []
      : ["Nothing that can be recommended yet: no configuration has passes that agree."]),
    ...(more.length === 0 ? [] : [[unsettled, indentLines(offerLines(more))].join("\n")]),
    ...(unstable.length === 0 ? [] : [unstable.join("\n")]),
    `Based on ${answer.runs} benchmark results`,
  ].join("\n\n")}\n`;
}

const MOST_OFFERS = 8;

function offerLines(more: readonly PairOffer[]): string[] {
  const left = more.length - MOST_OFFERS;
  return [
    ...pairLines(more.slice(0, MOST_OFFERS)),
    ...(left > 0 ? [`and ${left} more: maider-sweep recommend --json lists them`] : []),
  ];
}

/** The guide's four hints. */
export const NO_RECOMMENDATION = `No recommendations found.
  1. Run benchmarks first: maider-sweep benchmark-collect
  2. Relax the budget (--budget none)
  3. Choose another task (--task mixed)
  4. See what the database holds: maider-sweep benchmark-status
`;

/** `cost_efficiency` -> `Cost Efficiency`. */
export function titleCase(name: string): string {
  return name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}
