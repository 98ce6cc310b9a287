import type { BenchmarkRecord, CategoryResult } from "../../evidence/record.ts";
import {
  comparabilityFacts,
  engineFacts,
  measuredTests,
  measurementFacts,
} from "../../evidence/comparability.ts";
import { costEfficiency, costPer1kTokens } from "../../evidence/cost.ts";
import { distribution, median, type Distribution } from "../../evidence/statistics.ts";
import { measuredAtMs, newestFirst, rejectionReason } from "./record-quality.ts";

/** What the database knows of one GPU type x model x engine. */
export interface ConfigurationResult {
  readonly id: string;
  readonly gpu: string;
  readonly gpuCount: number;
  /** All GPUs together, GB. */
  readonly vramGb: number;
  readonly model: string;
  readonly modelCategory: string;
  /** Engine facts that tell it from others, for the user: `vLLM 0.27.1, 32768 tokens`. */
  readonly engine: string;
  /** Sound passes, newest first; each counts as a run. */
  readonly records: readonly BenchmarkRecord[];
  /** The guide's tokens a second, one value a run. */
  readonly speeds: readonly number[];
  readonly speed: Distribution;
  /** Seconds, median over runs; undefined when no record has it. */
  readonly ttftS: number | undefined;
  readonly tpotS: number | undefined;
  /** Distinct VMs; undefined when no record says on which it ran. */
  readonly vms: number | undefined;
  /** Of the newest record, US dollars; 0 when it was not known. */
  readonly hourlyUsd: number;
  /** US dollars, by the median speed; NaN when the price is not known. */
  readonly costPer1k: number;
  readonly costPer1M: number;
  /** Tokens a second for each dollar an hour. */
  readonly efficiency: number;
  readonly testsPassed: number;
  readonly testsTotal: number;
  readonly lastMs: number | undefined;
  readonly simulated: boolean;
  /** Whose it is, when it was imported. */
  readonly origin: string | undefined;
}

/** A record that takes no part in a ranking. */
export interface RejectedRecord {
  readonly record: BenchmarkRecord;
  readonly reason: string;
}

/**
 * The sound records by configuration. With `category` all figures are that category's own, and records without it
 * are left out.
 */
export function configurations(
  records: readonly BenchmarkRecord[],
  category?: string,
): ConfigurationResult[] {
  const usable = records.filter(
    (record) => rejectionReason(record) === undefined && figuresOf(record, category) !== undefined,
  );
  return [...Map.groupBy(usable, groupKey(category)).values()].map((group) =>
    summarise(newestFirst(group), category),
  );
}

/** What `configurations` leaves out, with the reason. */
export function rejectedRecords(records: readonly BenchmarkRecord[]): RejectedRecord[] {
  return records.flatMap((record) => {
    const reason = rejectionReason(record);
    return reason === undefined ? [] : [{ record, reason }];
  });
}

/** The figures that count: of the whole pass, or of one category. Undefined when the record has none of it. */
export function figuresOf(record: BenchmarkRecord, category?: string): CategoryResult | undefined {
  const figures =
    category === undefined
      ? record.summary
      : (record.results_by_category as Record<string, CategoryResult | undefined>)[category];
  return figures !== undefined && figures.avg_tokens_per_sec > 0 ? figures : undefined;
}

/**
 * Tests of a pass, or of one of its categories, that passed, and that applied. Maider states no totals for categories,
 * so they are counted.
 */
export function testCounts(
  record: BenchmarkRecord,
  category?: string,
): { readonly passed: number; readonly total: number } {
  const figures = figuresOf(record, category);
  const passed = figures?.tests_passed ?? 0;
  if (figures?.tests_total !== undefined) return { passed, total: figures.tests_total };
  const applied = record.tests.filter(
    (test) =>
      (category === undefined || test.category === category) && test.outcome !== "not_applicable",
  );
  return { passed, total: Math.max(passed, applied.length) };
}

/**
 * Records with the same id are passes of one and the same thing, by all facts that comparability asks for. Where one
 * category is looked at, it does not matter which others were measured beside it.
 */
function configurationId(record: BenchmarkRecord, category: string | undefined): string {
  const { tests, ...facts } = comparabilityFacts(record);
  const { origin } = record.summary;
  return JSON.stringify({ ...facts, ...(category === undefined ? { tests } : {}), origin });
}

/** The same in short, for one grouping: ten thousand records share a few engines and lists of tests. */
function groupKey(category: string | undefined): (record: BenchmarkRecord) => string {
  const engine = numbered((config: BenchmarkRecord["vllm_config"]) =>
    JSON.stringify(engineFacts(config)),
  );
  const tests = numbered(measuredTests);
  return (record) => {
    const { summary, vllm_config, gpu_type, gpu_count, model_id } = record;
    const way = Object.values(measurementFacts(summary)).join("\n");
    const measured = category === undefined ? tests(record.tests) : 0;
    return `${gpu_type}\n${gpu_count}\n${model_id}\n${engine(vllm_config)}\n${measured}\n${way}\n${summary.origin ?? ""}`;
  };
}

function numbered<T extends object>(textOf: (from: T) => string): (from: T) => number {
  const known = new WeakMap<T, number>();
  const numbers = new Map<string, number>();
  return (from) => {
    const seen = known.get(from);
    if (seen !== undefined) return seen;
    const text = textOf(from);
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    known.set(from, number);
    return number;
  };
}

function summarise(
  records: readonly BenchmarkRecord[],
  category: string | undefined,
): ConfigurationResult {
  const newest = records[0] as BenchmarkRecord;
  const id = configurationId(newest, category);
  const figures = records.flatMap((record) => figuresOf(record, category) ?? []);
  const speeds = figures.map(({ avg_tokens_per_sec }) => avg_tokens_per_sec);
  const speed = distribution(speeds);
  const vms = new Set(records.flatMap(({ summary }) => summary.vm ?? []));
  const costPer1k = costPer1kTokens(speed.median, newest.hourly_cost);
  const tests = testCounts(newest, category);
  return {
    id,
    gpu: newest.gpu_type,
    gpuCount: newest.gpu_count,
    vramGb: newest.total_vram,
    model: newest.model_id,
    modelCategory: newest.model_category,
    engine: engineText(newest),
    records,
    speeds,
    speed,
    ttftS: medianOf(figures.map(({ ttft_s }) => ttft_s)),
    tpotS: medianOf(figures.map(({ tpot_s }) => tpot_s)),
    vms: vms.size === 0 ? undefined : vms.size,
    hourlyUsd: newest.hourly_cost,
    costPer1k,
    costPer1M: costPer1k * 1000,
    efficiency: costEfficiency(speed.median, newest.hourly_cost),
    testsPassed: tests.passed,
    testsTotal: tests.total,
    lastMs: measuredAtMs(newest),
    simulated: newest.summary.simulated === true,
    origin: newest.summary.origin,
  };
}

function engineText(record: BenchmarkRecord): string {
  const { vllm_version, max_model_len } = record.vllm_config;
  return `${vllm_version === undefined ? "vLLM of unknown version" : `vLLM ${vllm_version}`}, ${max_model_len} tokens`;
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}
