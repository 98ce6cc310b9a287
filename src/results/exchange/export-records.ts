import { stringify } from "csv-stringify/sync";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { figuresOf } from "../query/configurations.ts";
import { elementText } from "../store/element-text.ts";

export const EXPORT_FORMATS = ["json", "csv", "markdown"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Writer = (
  records: Iterable<BenchmarkRecord>,
  category: string | undefined,
  textOf: (record: BenchmarkRecord) => string,
) => Iterable<string>;

const WRITERS: Readonly<Record<ExportFormat, Writer>> = { json, csv, markdown };

/**
 * Records as a file for others, a row each, in pieces: a large database is never one text. With `category` the
 * figures of CSV and Markdown are that category's own; `textOf` gives what JSON shows of a record.
 */
export function exportRecords(
  records: Iterable<BenchmarkRecord>,
  format: ExportFormat,
  category?: string,
  textOf: (record: BenchmarkRecord) => string = elementText,
): Iterable<string> {
  return WRITERS[format](records, category, textOf);
}

function* json(
  records: Iterable<BenchmarkRecord>,
  _: string | undefined,
  textOf: (record: BenchmarkRecord) => string,
): Iterable<string> {
  let before = "[";
  for (const record of records) {
    yield `${before}\n  ${inList(textOf(record))}`;
    before = ",";
  }
  yield before === "[" ? "[]\n" : "\n]\n";
}

/** As deep as elements of a list stand. In a database they stand deeper by two; other layouts stay as they are. */
function inList(text: string): string {
  if (text.endsWith("\n    }")) return text.replaceAll("\n  ", "\n");
  return text.endsWith("\n}") ? text.replaceAll("\n", "\n  ") : text;
}

function* csv(records: Iterable<BenchmarkRecord>, category: string | undefined): Iterable<string> {
  // A cell that starts with = + - @ is a formula to a spreadsheet.
  const line = (cells: readonly (string | number)[]): string =>
    stringify([cells], { escape_formulas: true });
  yield line([
    "ID",
    "Timestamp",
    "GPU Type",
    "GPU Count",
    "Total VRAM (GB)",
    "Model",
    "Model Category",
    "Avg Tokens/Sec",
    "Cost per 1K Tokens",
    "Hourly Cost",
    "Tests Passed",
    "Tests Total",
  ]);
  for (const record of records) {
    const row = rowOf(record, category);
    yield line([
      record.id,
      record.timestamp,
      record.gpu_type,
      record.gpu_count,
      record.total_vram,
      record.model_id,
      record.model_category,
      row.speed,
      row.cost,
      row.hourly,
      row.passed,
      row.total,
    ]);
  }
}

function* markdown(
  records: Iterable<BenchmarkRecord>,
  category: string | undefined,
): Iterable<string> {
  const header = ["GPU Type", "GPUs", "VRAM", "Model", "Tokens/Sec", "Cost/1K", "$/Hour", "Tests"];
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(" | ")} |\n`;
  yield `# Benchmark Results\n\n${line(header)}|${header.map(() => "---").join("|")}|\n`;
  let simulated = false;
  for (const record of records) {
    const row = rowOf(record, category);
    simulated ||= record.summary.simulated === true;
    yield line([
      record.gpu_type,
      String(record.gpu_count),
      `${record.total_vram}GB`,
      record.model_id,
      row.speed,
      row.cost,
      row.hourly,
      `${row.passed}/${row.total}`,
    ]);
  }
  if (simulated) yield "\nSIMULATED: these figures come from the simulated cloud.\n";
}

function rowOf(record: BenchmarkRecord, category: string | undefined) {
  const figures = figuresOf(record, category);
  // A price of 0 says that it was not known.
  const priced = record.hourly_cost > 0;
  return {
    speed: (figures?.avg_tokens_per_sec ?? 0).toFixed(2),
    cost: figures === undefined || !priced ? "" : `$${figures.cost_per_1k_tokens.toFixed(4)}`,
    hourly: priced ? `$${record.hourly_cost.toFixed(2)}` : "",
    passed: figures?.tests_passed ?? 0,
    total: figures?.tests_total ?? figures?.tests_passed ?? 0,
  };
}

/** Text that can neither end its cell nor become markup. */
function markdownCell(text: string): string {
  return text.replaceAll(/[\\|`*_[\]<>]/g, (char) => `\\${char}`).replaceAll(/\s+/g, " ");
}
