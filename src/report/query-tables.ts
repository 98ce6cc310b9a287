import type { CompareAnswer } from "../results/compare.ts";
import { ageText, type Confidence, type Coverage } from "../results/coverage.ts";
import type { RecommendAnswer } from "../results/recommend.ts";
import { usd } from "../support/money.ts";
import { indentLines, renderTable, type TableStyle } from "./table.ts";
import { barredTable, shortGpu, shortModel, speedText, WIDE } from "./tables.ts";

/** The guide's comparison table, with what its figures rest on beside it. */
export function comparisonTable(
  answer: CompareAnswer,
  question: { readonly taskCategory: string | undefined; readonly sortBy: string },
  nowMs: number,
  style: TableStyle,
): string {
  const table = renderTable(
    [
      { head: "GPU Type", shrinks: true },
      { head: "GPUs", align: "right" },
      { head: "VRAM", align: "right" },
      { head: "Model", shrinks: true },
      { head: "Tokens/Sec", align: "right" },
      { head: "Cost/1K", align: "right" },
      { head: "$/Hour", align: "right" },
      { head: "Efficiency", align: "right" },
      ...(style.width < WIDE
        ? []
        : ([
            { head: "Tests", align: "right" },
            { head: "Runs", align: "right" },
            { head: "VMs", align: "right" },
            { head: "Last", align: "right" },
          ] as const)),
    ],
    answer.rows.map((row) => [
      gpuLabel(row.gpu),
      String(row.gpuCount),
      `${row.vramGb}GB`,
      shortModel(row.model),
      speedText(row, style),
      `$${row.costPer1k.toFixed(4)}`,
      `$${row.hourlyUsd.toFixed(2)}`,
      row.efficiency.toFixed(1),
      ...(style.width < WIDE
        ? []
        : [
            `${row.testsPassed}/${row.testsTotal}`,
            String(row.speed.n),
            row.vms === undefined ? "?" : String(row.vms),
            ageText(row.lastMs, nowMs),
          ]),
    ]),
    style,
  );
  const barred = barredTable(answer.barred);
  const simulated = answer.rows.some((row) => row.simulated) ? "SIMULATED " : "";
  return `${[
    `${simulated}Benchmark Comparison`,
    ...(question.taskCategory === undefined
      ? []
      : [`Category: ${titleCase(question.taskCategory)}`]),
    `Sorted by: ${titleCase(question.sortBy)}`,
    table,
    `Total results: ${answer.records.length} in ${answer.rows.length} configurations`,
    "Efficiency: tokens/s for each $/hour; higher is better",
    ...answer.mixed.map((text) => `Mind: ${text}`),
    ...(barred === "" ? [] : ["Not ranked:", barred]),
  ].join("\n")}\n`;
}

/** `g1-gpu-rtx6000-2` -> `RTX6000x2`, as the guide's table shows it; other names stay as they are. */
export function gpuLabel(gpu: string): string {
  const [, older, olderCount] = /^g1-gpu-(rtx6000)-(\d)$/.exec(gpu) ?? [];
  const [, ada, adaCount, size] = /^g2-gpu-(rtx4000)a(\d)-(\w+)$/.exec(gpu) ?? [];
  if (older !== undefined) return `RTX6000x${olderCount ?? ""}`;
  // Sizes differ in processors and memory, not in the card.
  if (ada !== undefined) return `RTX4000x${adaCount ?? ""}${size === "s" ? "" : `-${size ?? ""}`}`;
  return shortGpu(gpu);
}

const CONFIDENCES: readonly Confidence[] = ["High", "Medium", "Low"];
const MARKS: Readonly<Record<Confidence, string>> = { High: "✓", Medium: "⚠", Low: "⚠" };

/** What `benchmark-status` says. */
export function coverageText(answer: Coverage, nowMs: number, style: TableStyle): string {
  const { byConfidence, tested, missing, outside } = answer;
  const summary = [
    `${answer.simulated ? "SIMULATED " : ""}Benchmark Coverage`,
    `Total benchmarks: ${answer.total}${answer.barred === 0 ? "" : ` (${answer.barred} not sound)`}`,
    `GPU types tested: ${answer.gpuTypesTested}/${answer.gpuTypesTotal}${outside.length === 0 ? "" : ` (and outside the catalogue: ${outside.join(", ")})`}`,
    `Configurations: ${tested.length}`,
  ];
  const table =
    tested.length === 0
      ? "No configurations tested yet."
      : renderTable(
          [
            { head: "GPU Type", shrinks: true },
            { head: "Model", shrinks: true },
            { head: "Runs", align: "right" },
            { head: "VMs", align: "right" },
            { head: "Last Run" },
            { head: "Confidence" },
          ],
          tested.map((one) => [
            gpuLabel(one.gpu),
            shortModel(one.model),
            String(one.runs),
            one.vms === undefined ? "?" : String(one.vms),
            `${one.lastMs === undefined ? "unknown" : new Date(one.lastMs).toISOString().slice(0, 10)} ${ageText(one.lastMs, nowMs)}${one.stale ? " (stale)" : ""}`,
            `${MARKS[one.confidence]} ${one.confidence}`,
          ]),
          style,
        );
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
  return `${[...summary, table, ...gaps, `Confidence (runs: 3+ High, 2 Medium, 1 Low): ${confidence}`].join("\n")}\n`;
}

/** What `recommend` says when it has something to say. */
export function recommendationText(answer: RecommendAnswer, style: TableStyle): string {
  const blocks = answer.recommendations.map(({ rank, tied, configuration: row, ...one }) =>
    [
      `#${rank}${tied ? " (tied)" : ""}  ${gpuLabel(row.gpu)} (${row.gpu})  ${row.model}`,
      indentLines([
        `Throughput: ${speedText(row, style)} tokens/sec`,
        `Cost: $${row.costPer1k.toFixed(4)} per 1K tokens, $${row.costPer1M.toFixed(2)} per 1M`,
        `Hourly: $${row.hourlyUsd.toFixed(2)}  VRAM: ${row.vramGb}GB  Efficiency: ${row.efficiency.toFixed(1)}`,
        `Confidence: ${one.confidence} (${row.speed.n} benchmark run${row.speed.n === 1 ? "" : "s"})`,
        `Why: ${one.why}`,
        ...one.warnings.map((text) => `⚠ ${text}`),
      ]),
    ].join("\n"),
  );
  return `${[...blocks, `Based on ${answer.runs} benchmark results`].join("\n\n")}\n`;
}

/** The guide's four hints. */
export const NO_RECOMMENDATION = `No recommendations found.
  1. Run benchmarks first: maider-sweep benchmark-collect
  2. Relax the budget (--budget none)
  3. Choose another task (--task mixed)
  4. See what the database holds: maider-sweep benchmark-status
`;

function titleCase(name: string): string {
  return name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}
