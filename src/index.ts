/**
 * The programmatic interface: the benchmark database, single prompts and costs. Figures are tokens a second, seconds
 * and US dollars; records are those of the shared database, with its own snake_case names.
 */
import { runTest } from "./benchmark/run-test.ts";
import { connectionTo } from "./vllm/api-base.ts";
import { databaseLocation, locationsFrom } from "./run/locations.ts";
import { readDatabase } from "./run/records/read-database.ts";
import { singlePromptSuite } from "./evidence/custom-suite.ts";
import { STALE_AFTER_DAYS } from "./evidence/method.ts";
import type { BenchmarkRecord } from "./evidence/record.ts";
import type { Category, Test } from "./evidence/suite.ts";
import { compare, filterRecords } from "./results/query/compare.ts";
import { SORT_METRICS, type SortMetric } from "./results/query/sort-metric.ts";
import { coverage, type Confidence } from "./results/query/coverage.ts";
import { isoUtc, realClock } from "./support/clock.ts";
import { errorText } from "./support/errors.ts";
import { usd } from "./support/money.ts";

export { costPer1kTokens as calculateCostPer1kTokens } from "./evidence/cost.ts";
export { SweepError } from "./support/errors.ts";
export type {
  BenchmarkRecord,
  CategoryResult,
  Summary,
  TestRecord,
  VllmConfig,
} from "./evidence/record.ts";
export type { Category, Confidence, SortMetric };

/** What the database held when it was opened. */
export interface BenchmarkResults {
  readonly file: string;
  /** What is wrong with the file, a line each; its best copy is used then. */
  readonly problems: readonly string[];
  /** The records that all given filters leave, in the file's order; words are compared without regard to case. */
  getResults(filters?: ResultFilters): readonly BenchmarkRecord[];
  /**
   * The best sound records, the best first: the most tokens a second or efficiency, the least cost. With
   * `taskCategory` the figures are that category's own.
   * @throws TypeError for a metric that there is not.
   */
  getBestByMetric(question: BestQuestion): readonly BenchmarkRecord[];
  getCoverageReport(): CoverageReport;
}

export interface ResultFilters {
  /** `g1-gpu-rtx6000-2` */
  readonly gpuType?: string;
  /** `7b`, `14b`, `30b`, `70b` */
  readonly modelCategory?: string;
  readonly taskCategory?: Category;
}

export interface BestQuestion {
  readonly metric: SortMetric;
  readonly taskCategory?: Category;
  /** Default 10. */
  readonly limit?: number;
}

export interface CoverageReport {
  readonly totalBenchmarks: number;
  /** Of the public GPU types. */
  readonly gpuTypesTested: number;
  readonly gpuTypesTotal: number;
  /** GPU type x model, newest first. */
  readonly testedConfigs: readonly TestedConfig[];
  /** The cheapest first. */
  readonly missingGpuTypes: readonly { readonly gpuType: string; readonly hourlyCost: number }[];
}

export interface TestedConfig {
  readonly gpuType: string;
  readonly modelId: string;
  readonly modelCategory: string;
  /** Sound runs. */
  readonly count: number;
  readonly confidence: Confidence;
  /** ISO 8601, UTC; undefined when no record tells. */
  readonly lastRun: string | undefined;
  /** Older than 30 days. */
  readonly stale: boolean;
}

export interface OpenOptions {
  /** Default: `MAIDER_SWEEP_DB`, else `~/.cache/linode-vms/benchmark-database.json`. */
  readonly file?: string;
}

/** Reads the benchmark database; writes nothing. A file that is missing is an empty database. */
export async function openBenchmarkDatabase({ file }: OpenOptions = {}): Promise<BenchmarkResults> {
  const location = databaseLocation(locationsFrom({ databaseFile: file }, process.env), false);
  const { records, problems } = await readDatabase(location);
  return {
    file: location.file,
    problems,
    getResults: (filters = {}) => filterRecords(records, filters),
    getBestByMetric({ metric, taskCategory, limit = 10 }) {
      if (!SORT_METRICS.includes(metric))
        throw new TypeError(`${metric} is no metric: there are ${SORT_METRICS.join(", ")}`);
      return compare({ records, sortBy: metric, taskCategory }).records.slice(0, limit);
    },
    getCoverageReport: () => coverageReport(records),
  };
}

function coverageReport(records: readonly BenchmarkRecord[]): CoverageReport {
  const found = coverage(records, Date.now(), STALE_AFTER_DAYS);
  return {
    totalBenchmarks: found.total,
    gpuTypesTested: found.gpuTypesTested,
    gpuTypesTotal: found.gpuTypesTotal,
    testedConfigs: found.tested.map(({ gpu, model, runs, lastMs, modelCategory, ...one }) => ({
      gpuType: gpu,
      modelId: model,
      modelCategory,
      count: runs,
      confidence: one.confidence,
      lastRun: lastMs === undefined ? undefined : isoUtc(lastMs),
      stale: one.stale,
    })),
    missingGpuTypes: found.missing.map(({ id, hourly }) => ({
      gpuType: id,
      hourlyCost: usd(hourly),
    })),
  };
}

export interface SinglePrompt {
  /** `http://localhost:8000/v1` */
  readonly apiBase: string;
  readonly prompt: string;
  /** The name under which it is served. */
  readonly model: string;
  /** Milliseconds; default 120,000. */
  readonly timeoutMs?: number;
  /** Default 1,000. */
  readonly maxTokens?: number;
  readonly apiKey?: string;
  /** Told why there is no result. */
  readonly onFailure?: (reason: string) => void;
}

export interface SinglePromptResult {
  readonly success: true;
  /** Seconds, the whole request. */
  readonly elapsedTime: number;
  /** Seconds to the first token. */
  readonly timeToFirstToken: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** Completion tokens over the whole request's time. */
  readonly tokensPerSec: number;
  readonly completion: string;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_MAX_TOKENS = 1_000;

/**
 * Sends one prompt to a vLLM, streamed, and times it. Undefined when there is no sound answer in time.
 * @throws SweepError when `apiBase` is no address.
 */
export async function runSinglePrompt(
  request: SinglePrompt,
): Promise<SinglePromptResult | undefined> {
  const { apiBase, apiKey, maxTokens = DEFAULT_MAX_TOKENS, model, prompt } = request;
  const connection = connectionTo(apiBase, apiKey);
  const [test] = singlePromptSuite(prompt, maxTokens).tests as [Test];
  const { timeoutMs = DEFAULT_TIMEOUT_MS, onFailure } = request;
  const server = { ...connection, model, maxModelLen: Infinity };
  const subject = { server, clock: realClock(), mode: "natural" } as const;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { result } = await runTest(test, subject, signal);
    const { outcome } = result;
    if (outcome.kind !== "measured") throw new Error(outcome.reason);
    const { bodyS, completionTokens, promptTokens, text, ttftS } = outcome.metrics;
    return {
      success: true,
      elapsedTime: bodyS,
      timeToFirstToken: ttftS,
      promptTokens,
      completionTokens,
      totalTokens: promptTokens + completionTokens,
      tokensPerSec: completionTokens / bodyS,
      completion: text,
    };
  } catch (error) {
    onFailure?.(errorText(error));
    return undefined;
  }
}
