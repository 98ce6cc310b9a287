import { gpuName } from "../catalog/short-names.ts";
import type { CompareAnswer } from "../results/query/compare.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { ageText } from "../results/query/coverage.ts";
import { wrapText } from "../support/wrap-text.ts";
import { loadTable } from "./load-table.ts";
import { indentLines, renderTable, type Column, type TableStyle } from "./render-table.ts";
import { knownText, unrankedLines, WIDE } from "./format.ts";

interface Asked {
  readonly taskCategory: string | undefined;
  readonly sortBy: string;
  /** Results that were measured in different ways are ranked together. */
  readonly forced?: boolean;
}

interface Cell extends Column {
  readonly of: (row: ConfigurationResult) => string;
}

const GPU: Cell = { head: "GPU Type", shrinks: true, of: ({ gpu }) => gpuName(gpu) };
const MODEL: Cell = { head: "Model", shrinks: true, of: ({ name }) => name };
/** The columns of maider's table. */
const FIGURES: readonly Cell[] = [
  GPU,
  { head: "GPUs", align: "center", optional: true, of: ({ gpuCount }) => String(gpuCount) },
  {
    head: "VRAM",
    align: "center",
    optional: true,
    of: ({ vramGb }) => (vramGb > 0 ? `${vramGb}GB` : "?"),
  },
  MODEL,
  { head: "Tokens/Sec", align: "center", of: ({ speed }) => speed.median.toFixed(1) },
  { head: "Cost/1K", align: "center", of: ({ costPer1k }) => knownText(costPer1k, 4, "$") },
  {
    head: "$/Hour",
    align: "center",
    of: ({ hourlyUsd }) => knownText(hourlyUsd > 0 ? hourlyUsd : NaN, 2, "$"),
  },
  {
    head: "Efficiency",
    align: "center",
    optional: true,
    of: (row) => knownText(row.hourlyUsd > 0 ? row.efficiency : NaN, 1),
  },
];

/** How well the figures are established. */
function evidence(nowMs: number): readonly Cell[] {
  return [
    { head: "95 %", align: "right", of: ({ speed }) => intervalText(speed.interval) },
    {
      head: "Tests",
      align: "right",
      of: ({ testsPassed, testsTotal }) => `${testsPassed}/${testsTotal}`,
    },
    { head: "Passes", align: "right", of: ({ speed }) => String(speed.n) },
    {
      head: "VMs",
      align: "right",
      optional: true,
      of: ({ vms }) => (vms === undefined ? "?" : String(vms)),
    },
    { head: "Last", align: "right", optional: true, of: ({ lastMs }) => ageText(lastMs, nowMs) },
  ];
}

const ORIGIN: Cell = { head: "Origin", of: ({ origin }) => origin ?? "own" };

/** The guide's comparison table, followed by how well its figures are established: in a second table if it is narrow. */
export function comparisonTable(
  answer: CompareAnswer,
  asked: Asked,
  nowMs: number,
  style: TableStyle,
): string {
  const { rows, tied, incomparable, imported, unstable, unranked } = answer;
  const shown = [...rows, ...incomparable.map(({ row }) => row), ...imported, ...unstable];
  const simulated = shown.some((row) => row.simulated) ? "SIMULATED " : "";
  const loads = loadTable(rows, style);
  return `${[
    `${simulated}Benchmark Comparison`,
    ...(asked.taskCategory === undefined ? [] : [`Category: ${titleCase(asked.taskCategory)}`]),
    `Sorted by: ${titleCase(asked.sortBy)}`,
    ...(rows.length === 0 ? ["Nothing that can be ranked."] : [rankingOf(rows, nowMs, style)]),
    ...(tied.length === 0 ? [] : [...wrapText(tieText(tied), style.width)]),
    ...(loads === undefined ? [] : ["Under load, with several requests in flight:", loads]),
    `Total results: ${answer.recordCount} in ${shown.length} configurations${unstable.length === 0 ? "" : `, ${unstable.length} of them unstable`}`,
    "Tokens/Sec: median over passes. Efficiency: tokens/s for each $/hour",
    ...(asked.forced === true && answer.warnings.length > 0
      ? ["Ranked together because of --force:"]
      : []),
    ...answer.warnings.flatMap((text) => wrapText(`Note: ${text}`, style.width)),
    ...(incomparable.length === 0
      ? []
      : [
          "Measured in another way, so not ranked with the others (--force does):",
          incomparableLines(incomparable, style.width),
        ]),
    ...(unranked.length === 0 ? [] : ["Not ranked:", unrankedLines(unranked, nowMs, style.width)]),
    ...(imported.length === 0
      ? []
      : [
          "Imported, ranked apart (--with-imported ranks them with your own):",
          rankingOf(imported, nowMs, style),
        ]),
  ].join("\n")}\n`;
}

const MOST_TIES = 3;

function tieText(tied: readonly ConfigurationResult[]): string {
  const names = tied.slice(0, MOST_TIES).map(({ gpu, name }) => `${gpuName(gpu)} ${name}`);
  const more = tied.length > MOST_TIES ? [`${tied.length - MOST_TIES} more`] : [];
  return `Tied with the first, no difference shown: ${[...names, ...more].join(", ")}`;
}

function rankingOf(rows: readonly ConfigurationResult[], nowMs: number, style: TableStyle): string {
  const foreign = rows.some(({ origin }) => origin !== undefined) ? [ORIGIN] : [];
  const more = [...evidence(nowMs), ...foreign];
  if (style.width >= WIDE) return tableOf([...FIGURES, ...more], rows, style);
  return `${tableOf(FIGURES, rows, style)}\n${tableOf([GPU, MODEL, ...more], rows, style)}`;
}

function tableOf(
  cells: readonly Cell[],
  rows: readonly ConfigurationResult[],
  style: TableStyle,
): string {
  return renderTable(
    cells,
    rows.map((row) => cells.map(({ of }) => of(row))),
    style,
  );
}

function intervalText(interval: ConfigurationResult["speed"]["interval"]): string {
  return interval === undefined ? "-" : `${interval.low.toFixed(1)}-${interval.high.toFixed(1)}`;
}

function incomparableLines(rows: CompareAnswer["incomparable"], width: number): string {
  return indentLines(
    rows.map(({ row, differences }) => {
      const texts = differences.map(({ field, a, b }) => `${field} ${b} instead of ${a}`);
      return `${gpuName(row.gpu)} ${row.name}: ${row.speed.median.toFixed(1)} tokens/s: ${texts.join(", ")}`;
    }),
    width,
  );
}

/** `cost_efficiency` -> `Cost Efficiency`. */
function titleCase(name: string): string {
  return name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}
