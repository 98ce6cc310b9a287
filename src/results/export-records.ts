import { stringify } from "csv-stringify/sync";
import type { BenchmarkRecord } from "../evidence/record.ts";
import { figuresOf } from "./configurations.ts";

export const EXPORT_FORMATS = ["json", "csv", "markdown"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Writer = (records: readonly BenchmarkRecord[], category: string | undefined) => string;

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  json: (records) => `${JSON.stringify(records, undefined, 2)}\n`,
  csv,
  markdown,
};

/** Records as a file for others. With `category` the figures of CSV and Markdown are that category's own. */
export function exportRecords(
  records: readonly BenchmarkRecord[],
  format: ExportFormat,
  category?: string,
): string {
  return WRITERS[format](records, category);
}

function csv(records: readonly BenchmarkRecord[], category: string | undefined): string {
  const header = [
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
  ];
  const rows = records.map((record) => {
    const row = rowOf(record, category);
    return [
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
    ];
  });
  // A cell that starts with = + - @ is a formula to a spreadsheet.
  return stringify([header, ...rows], { escape_formulas: true });
}

function markdown(records: readonly BenchmarkRecord[], category: string | undefined): string {
  const header = ["GPU Type", "GPUs", "VRAM", "Model", "Tokens/Sec", "Cost/1K", "$/Hour", "Tests"];
  const rows = records.map((record) => {
    const row = rowOf(record, category);
    return [
      record.gpu_type,
      String(record.gpu_count),
      `${record.total_vram}GB`,
      record.model_id,
      row.speed,
      row.cost,
      row.hourly,
      `${row.passed}/${row.total}`,
    ];
  });
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(" | ")} |`;
  const rule = `|${header.map(() => "---").join("|")}|`;
  const simulated = records.some(({ summary }) => summary.simulated === true)
    ? ["", "SIMULATED: these figures come from the simulated cloud."]
    : [];
  return `${["# Benchmark Results", ...simulated, "", line(header), rule, ...rows.map(line)].join("\n")}\n`;
}

function rowOf(record: BenchmarkRecord, category: string | undefined) {
  const figures = figuresOf(record, category);
  return {
    speed: (figures?.avg_tokens_per_sec ?? 0).toFixed(2),
    cost: figures === undefined ? "" : `$${figures.cost_per_1k_tokens.toFixed(4)}`,
    hourly: `$${record.hourly_cost.toFixed(2)}`,
    passed: figures?.tests_passed ?? 0,
    total: figures?.tests_total ?? figures?.tests_passed ?? 0,
  };
}

/** Text that can neither end its cell nor become markup. */
function markdownCell(text: string): string {
  return text.replaceAll(/[\\|`*_[\]<>]/g, (char) => `\\${char}`).replaceAll(/\s+/g, " ");
}
