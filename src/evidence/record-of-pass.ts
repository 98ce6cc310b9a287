import { isoUtc } from "../support/clock.ts";
import { usd } from "../support/money.ts";
import type { MicroUsd } from "../support/money.ts";
import { comparabilityKey } from "./comparability.ts";
import { costPer1kTokens } from "./cost.ts";
import { METHOD_VERSION } from "./method.ts";
import type { PassResult, RequestMetrics, TestResult } from "./pass.ts";
import type { BenchmarkRecord, CategoryResult, TestRecord, VllmConfig } from "./record.ts";
import { mean, median } from "./statistics.ts";
import { CATEGORIES } from "./suite.ts";
import type { Suite } from "./suite.ts";

/** A pass, and the other facts for its record. */
export interface PassFacts {
  readonly id: string;
  readonly pass: PassResult;
  readonly suite: Suite;
  readonly gpu: { readonly id: string; readonly gpus: number; readonly vramGb: number };
  /** Per hour. */
  readonly priceMicroUsd: MicroUsd;
  readonly model: { readonly id: string; readonly category: string };
  readonly vllm: VllmConfig;
  /** Undefined outside a sweep. */
  readonly run: string | undefined;
  readonly vm: string | undefined;
  readonly region: string | undefined;
  readonly simulated: boolean;
  readonly passesAsked: number;
  /** As returned by `Date.prototype.getTimezoneOffset`: UTC minus local time, minutes. Default 0. */
  readonly timeZoneOffsetMinutes?: number;
  /** Further fields of the summary: driver, versions, origin of the price. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}

const LONGEST_PROMPT = 500;
const LONGEST_COMPLETION = 200;

/**
 * The database record of a pass. Rates and costs follow maider's formulas: `avg_tokens_per_sec` is the mean over the
 * tests of completion tokens divided by the seconds of the whole request.
 */
export function recordOfPass(facts: PassFacts): BenchmarkRecord {
  const { pass, gpu, model, vllm } = facts;
  const hourly = usd(facts.priceMicroUsd);
  const record: BenchmarkRecord = {
    id: facts.id,
    timestamp: naiveLocal(pass.finishedMs, facts.timeZoneOffsetMinutes ?? 0),
    gpu_type: gpu.id,
    gpu_count: gpu.gpus,
    vram_per_gpu: gpu.vramGb,
    total_vram: gpu.gpus * gpu.vramGb,
    hourly_cost: hourly,
    model_id: model.id,
    model_category: model.category,
    vllm_config: vllm,
    results_by_category: Object.fromEntries(
      [...CATEGORIES, "custom" as const].flatMap((category) => {
        const tests = pass.tests.filter((test) => test.category === category);
        const figures = categoryResult(tests, hourly);
        return figures.tests_passed === 0 ? [] : [[category, figures]];
      }),
    ),
    summary: {
      ...categoryResult(pass.tests, hourly),
      simulated: facts.simulated,
      suite: facts.suite.id,
      method: methodOf(pass),
      verdict: pass.verdict,
      ...(facts.run === undefined ? {} : { run: facts.run }),
      ...(facts.vm === undefined ? {} : { vm: facts.vm }),
      ...(facts.region === undefined ? {} : { region: facts.region }),
      finished_utc: isoUtc(pass.finishedMs),
      load: [...pass.load],
      passes_asked: facts.passesAsked,
      price_usd_per_hour: hourly,
      ...(pass.rttS === undefined ? {} : { rtt_s: pass.rttS }),
      ...facts.provenance,
    },
    tests: pass.tests.map(testRecord),
  };
  record.summary.key = comparabilityKey(record);
  return record;
}

/** Figures of the measured tests; `tests_total` does not count tests that do not apply. */
function categoryResult(
  tests: readonly TestResult[],
  hourlyUsd: number,
): CategoryResult & { tests_total: number } {
  const measured = tests.flatMap(({ outcome }) =>
    outcome.kind === "measured" ? [outcome.metrics] : [],
  );
  const inapplicable = tests.filter(({ outcome }) => outcome.kind === "not_applicable").length;
  const rate = measured.length === 0 ? 0 : mean(measured.map(wholeRequestRate));
  return {
    avg_tokens_per_sec: rate,
    total_time: sum(measured, ({ bodyS }) => bodyS),
    total_tokens: sum(measured, ({ completionTokens }) => completionTokens),
    cost_per_1k_tokens: storableCost(rate, hourlyUsd),
    tests_passed: measured.length,
    tests_total: tests.length - inapplicable,
    ...(inapplicable === 0 ? {} : { tests_not_applicable: inapplicable }),
    ...streamFigures(measured),
  };
}

/** JSON has neither NaN nor Infinity, and maider requires a number: an unknown cost is stored as 0. */
function storableCost(rate: number, hourlyUsd: number): number {
  const cost = costPer1kTokens(rate, hourlyUsd);
  return Number.isFinite(cost) ? cost : 0;
}

/** The pooled decode rate, Σ(tokens after the first event) / Σ(tL - t1), and medians over the tests. */
function streamFigures(measured: readonly RequestMetrics[]): Partial<CategoryResult> {
  if (measured.length === 0) return {};
  const decodeS = sum(measured, ({ e2eS, ttftS }) => e2eS - ttftS);
  const tpots = measured.flatMap(({ tpotS }) => tpotS ?? []);
  const tokens = sum(
    measured,
    ({ completionTokens, firstTokens = 1 }) => completionTokens - firstTokens,
  );
  return {
    ...(decodeS > 0 && tokens > 0 ? { decode_tps: tokens / decodeS } : {}),
    ttft_s: median(measured.map(({ ttftS }) => ttftS)),
    ...(tpots.length === 0 ? {} : { tpot_s: median(tpots) }),
    e2e_s: median(measured.map(({ e2eS }) => e2eS)),
  };
}

function testRecord(test: TestResult): TestRecord {
  const { outcome } = test;
  const common = {
    test_name: test.name,
    category: test.category,
    prompt:
      test.prompt.length <= LONGEST_PROMPT ? test.prompt : `${test.name} sha256:${test.sha256}`,
    expected_tokens: test.expectedTokens,
    success: outcome.kind === "measured",
    sha256: test.sha256,
  };
  if (outcome.kind !== "measured")
    return { ...common, outcome: outcome.kind, reason: outcome.reason };
  const { metrics } = outcome;
  return {
    ...common,
    elapsed_time: metrics.bodyS,
    prompt_tokens: metrics.promptTokens,
    completion_tokens: metrics.completionTokens,
    total_tokens: metrics.promptTokens + metrics.completionTokens,
    tokens_per_sec: wholeRequestRate(metrics),
    completion: firstCharacters(metrics.text, LONGEST_COMPLETION),
    ttft_s: metrics.ttftS,
    ...(metrics.tpotS === undefined ? {} : { tpot_s: metrics.tpotS }),
    e2e_s: metrics.e2eS,
    chunks: metrics.chunks,
    finish_reason: metrics.finishReason,
    ...(metrics.cachedTokens === undefined ? {} : { cached_tokens: metrics.cachedTokens }),
    ...(test.needles === undefined
      ? {}
      : { needles_found: test.needles.found, needles_total: test.needles.of }),
  };
}

/** Each mode is a method of its own, so that passes of different modes are never compared. */
function methodOf({ mode = "fixed" }: PassResult): string {
  return mode === "fixed" ? METHOD_VERSION : `${METHOD_VERSION}-${mode}`;
}

/** Tokens per second over the whole request, as maider computes it. */
function wholeRequestRate({ completionTokens, bodyS }: RequestMetrics): number {
  return bodyS > 0 ? completionTokens / bodyS : 0;
}

/** Local time without a zone, like Python's `datetime.isoformat`, with microseconds. */
function naiveLocal(epochMs: number, offsetMinutes: number): string {
  const micros = Math.floor((epochMs - Math.floor(epochMs)) * 1000);
  const local = isoUtc(Math.floor(epochMs) - offsetMinutes * 60_000);
  return `${local.slice(0, -1)}${String(micros).padStart(3, "0")}`;
}

/** Does not split surrogate pairs, which Python could not decode. */
function firstCharacters(text: string, characters: number): string {
  return Array.from(text).slice(0, characters).join("");
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
