import { stringify } from "csv-stringify/sync";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { figuresOf, testCounts, type ConfigurationResult } from "../query/configurations.ts";
import type { Unranked } from "../query/unranked.ts";

/** One row of a CSV or Markdown export. Cells without a value are empty. */
export interface ExportRow {
  readonly id: string;
  readonly timestamp: string;
  readonly gpu: string;
  readonly gpuCount: number | "";
  readonly vramGb: number | "";
  readonly model: string;
  readonly modelCategory: string;
  readonly speed: string;
  readonly cost: string;
  readonly hourly: string;
  readonly passed: number | "";
  readonly total: number | "";
  /** Set for a configuration, not for a single pass. */
  readonly passes?: number;
  readonly simulated: boolean;
  /** `yes`, or `no` and the reason; left out of exports that do not rank. */
  readonly ranked?: string;
}

/** The row of a single pass; with `category`, with the figures of that category. */
export function recordRow(
  record: BenchmarkRecord,
  category: string | undefined,
  ranked?: string,
): ExportRow {
  const figures = figuresOf(record, category);
  return {
    id: record.id,
    timestamp: record.timestamp,
    gpu: record.gpu_type,
    gpuCount: record.gpu_count,
    vramGb: record.total_vram,
    model: record.model_id,
    modelCategory: record.model_category,
    speed: (figures?.avg_tokens_per_sec ?? 0).toFixed(2),
    cost: figures === undefined ? "" : costText(figures.cost_per_1k_tokens, record.hourly_cost),
    hourly: priceText(record.hourly_cost),
    ...testCounts(record, category),
    simulated: record.summary.simulated === true,
    ...(ranked === undefined ? {} : { ranked }),
  };
}

/** The row of a configuration; id and timestamp are those of its newest pass. */
export function configurationRow(row: ConfigurationResult, ranked: string): ExportRow {
  const [newest] = row.records;
  return {
    id: newest?.id ?? "",
    timestamp: newest?.timestamp ?? "",
    gpu: row.gpu,
    gpuCount: row.gpuCount,
    vramGb: row.vramGb,
    model: row.model,
    modelCategory: row.modelCategory,
    speed: row.speed.median.toFixed(2),
    cost: costText(row.costPer1k, row.hourlyUsd),
    hourly: priceText(row.hourlyUsd),
    passed: row.testsPassed,
    total: row.testsTotal,
    passes: row.speed.n,
    simulated: row.simulated,
    ranked,
  };
}

/** The row of passes without usable figures. */
export function unrankedRow({ gpu, model, modelCategory, reason, passes }: Unranked): ExportRow {
  return {
    id: "",
    timestamp: "",
    gpu,
    gpuCount: "",
    vramGb: "",
    model,
    modelCategory: modelCategory ?? "",
    speed: "",
    cost: "",
    hourly: "",
    passed: "",
    total: "",
    passes,
    simulated: false,
    ranked: `no: ${reason}`,
  };
}

interface Column {
  readonly head: string;
  readonly cell: (row: ExportRow) => string | number;
}

const PASSES: Column = { head: "Passes", cell: ({ passes }) => passes ?? "" };
const RANKED: Column = { head: "Ranked", cell: ({ ranked }) => ranked ?? "" };

const CSV_COLUMNS: readonly Column[] = [
  { head: "ID", cell: ({ id }) => id },
  { head: "Timestamp", cell: ({ timestamp }) => timestamp },
  { head: "GPU Type", cell: ({ gpu }) => gpu },
  { head: "GPU Count", cell: ({ gpuCount }) => gpuCount },
  { head: "Total VRAM (GB)", cell: ({ vramGb }) => vramGb },
  { head: "Model", cell: ({ model }) => model },
  { head: "Model Category", cell: ({ modelCategory }) => modelCategory },
  { head: "Avg Tokens/Sec", cell: ({ speed }) => speed },
  { head: "Cost per 1K Tokens", cell: ({ cost }) => cost },
  { head: "Hourly Cost", cell: ({ hourly }) => hourly },
  { head: "Tests Passed", cell: ({ passed }) => passed },
  { head: "Tests Total", cell: ({ total }) => total },
];

const MARKDOWN_COLUMNS: readonly Column[] = [
  { head: "GPU Type", cell: ({ gpu }) => gpu },
  { head: "GPUs", cell: ({ gpuCount }) => gpuCount },
  { head: "VRAM", cell: ({ vramGb }) => (vramGb === "" ? "" : `${vramGb}GB`) },
  { head: "Model", cell: ({ model }) => model },
  { head: "Tokens/Sec", cell: ({ speed }) => speed },
  { head: "Cost/1K", cell: ({ cost }) => cost },
  { head: "$/Hour", cell: ({ hourly }) => hourly },
  { head: "Tests", cell: ({ passed, total }) => (total === "" ? "" : `${passed}/${total}`) },
];

/** The rows as CSV or Markdown; the columns Passes and Ranked appear only if a row has them. */
export function* exportTable(
  rows: readonly ExportRow[],
  format: "csv" | "markdown",
): Iterable<string> {
  const optional = [
    ...(rows.some(({ passes }) => passes !== undefined) ? [PASSES] : []),
    ...(rows.some(({ ranked }) => ranked !== undefined) ? [RANKED] : []),
  ];
  if (format === "csv") yield* csv(rows, [...CSV_COLUMNS, ...optional]);
  else yield* markdown(rows, [...MARKDOWN_COLUMNS, ...optional]);
}

function* csv(rows: readonly ExportRow[], columns: readonly Column[]): Iterable<string> {
  // Spreadsheets evaluate cells that start with = + - @.
  const line = (cells: readonly (string | number)[]): string =>
    stringify([cells], { escape_formulas: true });
  yield line(columns.map(({ head }) => head));
  for (const row of rows) yield line(columns.map(({ cell }) => cell(row)));
}

function* markdown(rows: readonly ExportRow[], columns: readonly Column[]): Iterable<string> {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(" | ")} |\n`;
  yield `# Benchmark Results\n\n${line(columns.map(({ head }) => head))}|${columns.map(() => "---").join("|")}|\n`;
  for (const row of rows) yield line(columns.map(({ cell }) => String(cell(row))));
  if (rows.some(({ simulated }) => simulated))
    yield "\nSIMULATED: these figures come from the simulated cloud.\n";
}

/** An unknown price is recorded as 0. */
function priceText(hourlyUsd: number): string {
  return hourlyUsd > 0 ? `$${hourlyUsd.toFixed(2)}` : "";
}

function costText(costPer1k: number, hourlyUsd: number): string {
  return hourlyUsd > 0 && Number.isFinite(costPer1k) ? `$${costPer1k.toFixed(4)}` : "";
}

/** Escapes text so that it can neither end its cell nor become markup. */
function markdownCell(text: string): string {
  return text.replaceAll(/[\\|`*_[\]<>]/g, (char) => `\\${char}`).replaceAll(/\s+/g, " ");
}
