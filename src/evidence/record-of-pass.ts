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

/** A pass and all that a record says beside its figures. */
export interface PassFacts {
  readonly id: string;
  readonly pass: PassResult;
  readonly suite: Suite;
  readonly gpu: { readonly id: string; readonly gpus: number; readonly vramGb: number };
  /** An hour of the VM. */
  readonly priceMicroUsd: MicroUsd;
  readonly model: { readonly id: string; readonly category: string };
  readonly vllm: VllmConfig;
  /** Undefined when measured outside a sweep. */
  readonly run: string | undefined;
  readonly vm: string | undefined;
  readonly region: string | undefined;
  readonly simulated: boolean;
  readonly passesAsked: number;
  /** As `Date.prototype.getTimezoneOffset` gives it: UTC less local time, minutes. 0 when left out. */
  readonly timeZoneOffsetMinutes?: number;
  /** Further facts for the summary: driver, versions, where the price came from. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}

const LONGEST_PROMPT = 500;
const LONGEST_COMPLETION = 200;

/**
 * The record of a pass, with exactly the 13 top-level keys and the guide's formulas: `avg_tokens_per_sec` is the mean
 * over tests of completion tokens over the whole request's seconds, and costs follow from it.
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

/** Figures of the tests that were measured; `tests_total` leaves out those that do not apply. */
function categoryResult(
  tests: readonly TestResult[],
  hourlyUsd: number,
): CategoryResult & { tests_total: number } {
  const measured = tests.flatMap(({ outcome }) =>
    outcome.kind === "measured" ? [outcome.metrics] : [],
  );
  const inapplicable = tests.filter(({ outcome }) => outcome.kind === "not_applicable").length;
  const rate = measured.length === 0 ? 0 : mean(measured.map(wholeRate));
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

/** JSON holds numbers only: the shared form has 0 where nothing can be said, and its readers look at rate and price. */
function storableCost(rate: number, hourlyUsd: number): number {
  const cost = costPer1kTokens(rate, hourlyUsd);
  return Number.isFinite(cost) ? cost : 0;
}

/** Pooled decode rate, the sum of tokens after the first over the sum of tL - t1, and medians over the tests. */
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
    tokens_per_sec: wholeRate(metrics),
    completion: cut(metrics.text, LONGEST_COMPLETION),
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

/** Passes of another mode are never compared with the usual ones, so their method has another name. */
function methodOf({ mode = "fixed" }: PassResult): string {
  return mode === "fixed" ? METHOD_VERSION : `${METHOD_VERSION}-${mode}`;
}

/** The guide's rate: completion tokens over the whole request. */
function wholeRate({ completionTokens, bodyS }: RequestMetrics): number {
  return bodyS > 0 ? completionTokens / bodyS : 0;
}

/** As Python's `datetime.isoformat` writes local time, with microseconds. */
function naiveLocal(epochMs: number, offsetMinutes: number): string {
  const micros = Math.floor((epochMs - Math.floor(epochMs)) * 1000);
  const local = isoUtc(Math.floor(epochMs) - offsetMinutes * 60_000);
  return `${local.slice(0, -1)}${String(micros).padStart(3, "0")}`;
}

/** By whole characters: half a surrogate pair is no text in the Python reader. */
function cut(text: string, characters: number): string {
  return Array.from(text).slice(0, characters).join("");
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
