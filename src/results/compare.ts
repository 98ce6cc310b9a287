import type { BenchmarkRecord } from "../evidence/record.ts";
import { costEfficiency } from "../evidence/cost.ts";
import {
  barred,
  configurations,
  figuresOf,
  type BarredRecord,
  type ConfigurationResult,
} from "./configurations.ts";

export const SORT_METRICS = ["tokens_per_sec", "cost_per_1k_tokens", "cost_efficiency"] as const;
export type SortMetric = (typeof SORT_METRICS)[number];

export interface CompareFilter {
  /** Exact GPU type. */
  readonly gpuType?: string | undefined;
  /** `7b`, `14b`, `30b`, `70b`, or whatever a record says. */
  readonly modelCategory?: string | undefined;
  readonly taskCategory?: string | undefined;
}

export interface CompareQuestion extends CompareFilter {
  readonly records: readonly BenchmarkRecord[];
  readonly sortBy: SortMetric;
}

export interface CompareAnswer {
  /** A row for each configuration, the best first. */
  readonly rows: readonly ConfigurationResult[];
  /** A row for each record, in the same order of merit: what the exports hold. */
  readonly records: readonly BenchmarkRecord[];
  /** Not ranked, each with its reason. */
  readonly barred: readonly BarredRecord[];
  /** Why the rows are not alike, for the user. */
  readonly mixed: readonly string[];
}

export function compare(question: CompareQuestion): CompareAnswer {
  const { taskCategory, sortBy } = question;
  const chosen = filterRecords(question.records, question);
  const rows = configurations(chosen, taskCategory).toSorted((a, b) =>
    byMetric(sortBy, metricOf(a), metricOf(b)),
  );
  const kept = new Set(rows.flatMap(({ records }) => records));
  const records = chosen
    .filter((record) => kept.has(record))
    .toSorted((a, b) =>
      byMetric(sortBy, metricOfRecord(a, taskCategory), metricOfRecord(b, taskCategory)),
    );
  return { rows, records, barred: barred(chosen), mixed: mixtures(rows, taskCategory) };
}

/** The records that a query speaks of, in their order; words are compared without regard to case. */
export function filterRecords(
  records: readonly BenchmarkRecord[],
  filter: CompareFilter,
): BenchmarkRecord[] {
  const same = (wanted: string | undefined, found: string): boolean =>
    wanted === undefined || wanted.toLowerCase() === found.toLowerCase();
  return records.filter(
    (record) =>
      same(filter.gpuType, record.gpu_type) &&
      same(filter.modelCategory, record.model_category) &&
      (filter.taskCategory === undefined ||
        Object.hasOwn(record.results_by_category, filter.taskCategory)),
  );
}

/** The guide's `cost_per_1k_tokens` is the one figure of which less is better. */
export function byMetric(metric: SortMetric, a: Metrics, b: Metrics): number {
  return metric === "cost_per_1k_tokens" ? a[metric] - b[metric] : b[metric] - a[metric];
}

type Metrics = Readonly<Record<SortMetric, number>>;

export function metricOf(row: ConfigurationResult): Metrics {
  return {
    tokens_per_sec: row.speed.median,
    cost_per_1k_tokens: row.costPer1k,
    cost_efficiency: row.efficiency,
  };
}

export function metricOfRecord(record: BenchmarkRecord, category?: string): Metrics {
  const figures = figuresOf(record, category);
  const speed = figures?.avg_tokens_per_sec ?? 0;
  return {
    tokens_per_sec: speed,
    cost_per_1k_tokens: figures?.cost_per_1k_tokens ?? Infinity,
    cost_efficiency: costEfficiency(speed, record.hourly_cost),
  };
}

function mixtures(rows: readonly ConfigurationResult[], category: string | undefined): string[] {
  const records = rows.flatMap((row) => row.records);
  const found: string[] = [];
  const sets = new Set(
    records.map((record) => Object.keys(record.results_by_category).toSorted().join(", ")),
  );
  if (category === undefined && sets.size > 1)
    found.push(`these runs hold different categories (${[...sets].join(" / ")}); -t compares one`);
  const differ = (name: string, values: readonly (string | undefined)[]): void => {
    const known = new Set(values.map((value) => value ?? "unknown"));
    if (known.size > 1) found.push(`measured in different ways: ${name} ${[...known].join(", ")}`);
  };
  differ(
    "suite",
    records.map(({ summary }) => summary.suite),
  );
  differ(
    "method",
    records.map(({ summary }) => summary.method),
  );
  differ(
    "vLLM",
    records.map(({ vllm_config }) => vllm_config.vllm_version),
  );
  if (new Set(rows.map(({ simulated }) => simulated)).size > 1)
    found.push("SIMULATED and real results stand side by side");
  return found;
}
