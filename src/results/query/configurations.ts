import type { BenchmarkRecord, CategoryResult } from "../../evidence/record.ts";
import {
  comparabilityFacts,
  engineFacts,
  measuredTests,
  measurementFacts,
} from "../../evidence/comparability.ts";
import { costEfficiency, costPer1kTokens } from "../../evidence/cost.ts";
import { distribution, median, type Distribution } from "../../evidence/statistics.ts";
import { configurationNames } from "./configuration-names.ts";
import { measuredAtMs, newestFirst, rejectionReason } from "./record-quality.ts";

/** The results of one configuration: GPU type x model x engine settings. */
export interface ConfigurationResult {
  readonly id: string;
  readonly gpu: string;
  readonly gpuCount: number;
  /** Total of all GPUs, GB. */
  readonly vramGb: number;
  readonly model: string;
  /** The model's short name, with the settings that tell it apart from other rows: `gpt-oss-20b (max_num_seqs 16)`. */
  readonly name: string;
  readonly modelCategory: string;
  /** Engine version and context window, for the user: `vLLM 0.27.1, 32768 tokens`. */
  readonly engine: string;
  /** Records of sound passes, newest first. */
  readonly records: readonly BenchmarkRecord[];
  /** Tokens per second of each pass (`avg_tokens_per_sec`). */
  readonly speeds: readonly number[];
  readonly speed: Distribution;
  /** Seconds, median over the passes; undefined if no record states it. */
  readonly ttftS: number | undefined;
  readonly tpotS: number | undefined;
  /** Number of distinct VMs; undefined if no record names its VM. */
  readonly vms: number | undefined;
  /** US dollars, from the newest record; 0 if unknown. */
  readonly hourlyUsd: number;
  /** US dollars at the median speed; NaN if the price is unknown. */
  readonly costPer1k: number;
  readonly costPer1M: number;
  /** Tokens per second per US dollar per hour. */
  readonly efficiency: number;
  readonly testsPassed: number;
  readonly testsTotal: number;
  readonly lastMs: number | undefined;
  readonly simulated: boolean;
  /** Where imported records come from; undefined for one's own. */
  readonly origin: string | undefined;
}

/** A record that is not sound and therefore not ranked. */
export interface RejectedRecord {
  readonly record: BenchmarkRecord;
  readonly reason: string;
}

/** Groups sound records by configuration. With `category`, only that category's figures are used. */
export function configurations(
  records: readonly BenchmarkRecord[],
  category?: string,
): ConfigurationResult[] {
  const usable = records.filter(
    (record) => rejectionReason(record) === undefined && figuresOf(record, category) !== undefined,
  );
  const rows = [...Map.groupBy(usable, groupKeyFor(category === undefined)).values()].map((group) =>
    summarise(newestFirst(group), category),
  );
  const names = configurationNames(rows);
  return rows.map((row, index) => ({ ...row, name: names[index] ?? row.model }));
}

/** Groups records by GPU type, model, engine settings and method, whichever categories they have. */
export function recordsByConfiguration(
  records: readonly BenchmarkRecord[],
): readonly (readonly BenchmarkRecord[])[] {
  return [...Map.groupBy(records, groupKeyFor(false)).values()];
}

/** The records that are not sound, which `configurations` leaves out. */
export function rejectedRecords(records: readonly BenchmarkRecord[]): RejectedRecord[] {
  return records.flatMap((record) => {
    const reason = rejectionReason(record);
    return reason === undefined ? [] : [{ record, reason }];
  });
}

/** The figures of a pass, or of one of its categories; undefined if the record has none. */
export function figuresOf(record: BenchmarkRecord, category?: string): CategoryResult | undefined {
  const figures =
    category === undefined
      ? record.summary
      : (record.results_by_category as Record<string, CategoryResult | undefined>)[category];
  return figures !== undefined && figures.avg_tokens_per_sec > 0 ? figures : undefined;
}

/**
 * How many tests of a pass, or of one of its categories, passed, and how many applied. `maider` does not write totals
 * per category, so these are counted.
 */
export function testCounts(
  record: BenchmarkRecord,
  category?: string,
): { readonly passed: number; readonly total: number } {
  const figures = figuresOf(record, category);
  const passed = figures?.tests_passed ?? 0;
  if (figures?.tests_total !== undefined) return { passed, total: figures.tests_total };
  const applicable = record.tests.filter(
    (test) =>
      (category === undefined || test.category === category) && test.outcome !== "not_applicable",
  );
  return { passed, total: Math.max(passed, applicable.length) };
}

/**
 * Identifies a configuration by every fact that makes results comparable. With `category`, the other categories of
 * the pass do not matter.
 */
function configurationId(record: BenchmarkRecord, category: string | undefined): string {
  const { tests, ...facts } = comparabilityFacts(record);
  const { origin } = record.summary;
  return JSON.stringify({ ...facts, ...(category === undefined ? { tests } : {}), origin });
}

/**
 * A cheaper equivalent of `configurationId` for grouping. Ten thousand records share a few engine settings and lists
 * of tests, so these are replaced by numbers.
 */
function groupKeyFor(withTests: boolean): (record: BenchmarkRecord) => string {
  const engineNumber = numbering((config: BenchmarkRecord["vllm_config"]) =>
    JSON.stringify(engineFacts(config)),
  );
  const testsNumber = numbering(measuredTests);
  return (record) => {
    const { summary, vllm_config, gpu_type, gpu_count, model_id } = record;
    const engine = engineNumber(vllm_config);
    const tests = withTests ? testsNumber(record.tests) : 0;
    const measurement = Object.values(measurementFacts(summary)).join("\n");
    return `${gpu_type}\n${gpu_count}\n${model_id}\n${engine}\n${tests}\n${measurement}\n${summary.origin ?? ""}`;
  };
}

function numbering<T extends object>(textOf: (value: T) => string): (value: T) => number {
  const numberByValue = new WeakMap<T, number>();
  const numberByText = new Map<string, number>();
  return (value) => {
    const cached = numberByValue.get(value);
    if (cached !== undefined) return cached;
    const text = textOf(value);
    const number = numberByText.get(text) ?? numberByText.size;
    numberByText.set(text, number);
    numberByValue.set(value, number);
    return number;
  };
}

function summarise(
  records: readonly BenchmarkRecord[],
  category: string | undefined,
): Omit<ConfigurationResult, "name"> {
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
  const defined = values.filter((value) => value !== undefined);
  return defined.length === 0 ? undefined : median(defined);
}
