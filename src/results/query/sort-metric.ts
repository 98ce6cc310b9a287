import { costEfficiency } from "../../evidence/cost.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { figuresOf, type ConfigurationResult } from "./configurations.ts";

export const SORT_METRICS = ["tokens_per_sec", "cost_per_1k_tokens", "cost_efficiency"] as const;
export type SortMetric = (typeof SORT_METRICS)[number];

/** Orders best first: lowest first for `cost_per_1k_tokens`, highest first for the others. */
export function byMetric(metric: SortMetric, a: Metrics, b: Metrics): number {
  if (a[metric] === b[metric]) return 0;
  return metric === "cost_per_1k_tokens" ? a[metric] - b[metric] : b[metric] - a[metric];
}

type Metrics = Readonly<Record<SortMetric, number>>;

export function metricOf(row: ConfigurationResult): Metrics {
  return {
    tokens_per_sec: row.speed.median,
    // An unknown cost (NaN) comes last.
    cost_per_1k_tokens: Number.isFinite(row.costPer1k) ? row.costPer1k : Infinity,
    cost_efficiency: row.efficiency,
  };
}

export function metricOfRecord(record: BenchmarkRecord, category?: string): Metrics {
  const figures = figuresOf(record, category);
  const speed = figures?.avg_tokens_per_sec ?? 0;
  return {
    tokens_per_sec: speed,
    // An unknown price is recorded as 0.
    cost_per_1k_tokens:
      record.hourly_cost > 0 ? (figures?.cost_per_1k_tokens ?? Infinity) : Infinity,
    cost_efficiency: costEfficiency(speed, record.hourly_cost),
  };
}
