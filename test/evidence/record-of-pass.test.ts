import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { comparabilityKey } from "../../src/evidence/comparability.ts";
import type { PassResult, RequestMetrics, TestResult } from "../../src/evidence/pass.ts";
import { recordOfPass } from "../../src/evidence/record-of-pass.ts";
import { RECORD_KEYS } from "../../src/evidence/record.ts";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";

const metrics = (changes: Partial<RequestMetrics> = {}): RequestMetrics => ({
  promptTokens: 50,
  completionTokens: 101,
  ttftS: 0.5,
  tpotS: 0.02,
  firstTokens: 1,
  e2eS: 2.5,
  bodyS: 2.525,
  headersS: 0.05,
  chunks: 101,
  cachedTokens: 0,
  finishReason: "length",
  text: "text ".repeat(60),
  ...changes,
});
const test = (changes: Partial<TestResult> = {}): TestResult => ({
  name: "Simple function",
  category: "coding",
  sha256: "ab".repeat(32),
  prompt: "Write a function.",
  expectedTokens: 101,
  outcome: { kind: "measured", metrics: metrics() },
  ...changes,
});
const slow = metrics({ completionTokens: 201, ttftS: 1, e2eS: 9, bodyS: 10.05, tpotS: 0.04 });
const pass: PassResult = {
  tests: [
    test(),
    test({
      name: "System design",
      category: "reasoning",
      prompt: "x".repeat(501),
      expectedTokens: 201,
      outcome: { kind: "measured", metrics: slow },
    }),
    test({
      name: "Architecture explanation",
      category: "context_heavy",
      outcome: { kind: "not_applicable", reason: "the window 8192" },
    }),
  ],
  verdict: { state: "sound", reasons: [] },
  load: [],
  startedMs: 1_795_500_000_000,
  finishedMs: 1_795_500_060_123.456,
  rttS: 0.04,
};
const build = (changes: Partial<PassResult> = {}, offset = 0): BenchmarkRecord =>
  recordOfPass({
    id: "00000000-0000-4000-8000-000000000000",
    pass: { ...pass, ...changes },
    suite: { id: "standard-1", tests: [] },
    gpu: { id: "g2-gpu-rtx4000a2-s", gpus: 2, vramGb: 20 },
    priceMicroUsd: 1_040_000,
    model: { id: "Qwen/Qwen2.5-Coder-7B-Instruct", category: "7b" },
    vllm: { tensor_parallel_size: 2, max_model_len: 8192, gpu_memory_utilization: 0.9 },
    run: "run1",
    vm: "mds-x",
    region: "us-ord",
    simulated: true,
    passesAsked: 3,
    timeZoneOffsetMinutes: offset,
  });

describe("the record of a pass", () => {
  const record = build();

  it("has the same keys and types as a record that maider wrote", () => {
    expect(Object.keys(record)).toEqual([...RECORD_KEYS]);
    const shared = JSON.parse(
      readFileSync(new URL("../../fixtures/benchmark-database.v1.json", import.meta.url), "utf8"),
    ) as { benchmarks: BenchmarkRecord[] };
    for (const known of shared.benchmarks) {
      expect(Object.keys(record).toSorted()).toEqual(Object.keys(known).toSorted());
      for (const key of RECORD_KEYS) expect(typeof record[key], key).toBe(typeof known[key]);
      for (const key of Object.keys(known.summary))
        expect(typeof record.summary[key], key).toBe(typeof known.summary[key]);
      for (const key of Object.keys(known.results_by_category.coding ?? {}))
        expect(typeof record.results_by_category.coding?.[key], key).toBe("number");
      for (const [key, value] of Object.entries(known.tests[0] ?? {}))
        expect(typeof record.tests[0]?.[key], key).toBe(typeof value);
    }
  });

  it("follows maider's formulas: the mean of whole-request rates, and its cost", () => {
    expect(record.summary.avg_tokens_per_sec).toBeCloseTo((40 + 20) / 2, 12);
    expect(record.summary.total_time).toBeCloseTo(12.575, 12);
    expect(record.summary.total_tokens).toBe(302);
    expect(record.summary.cost_per_1k_tokens).toBeCloseTo((1.04 / (30 * 3600)) * 1000, 12);
    expect(record.results_by_category.coding?.avg_tokens_per_sec).toBeCloseTo(40, 12);
    expect(record.results_by_category.reasoning?.avg_tokens_per_sec).toBeCloseTo(20, 12);
  });

  it("pools the decode rate and takes the median of latencies", () => {
    expect(record.summary.decode_tps).toBeCloseTo(300 / 10, 12);
    expect(record.summary.ttft_s).toBeCloseTo(0.75, 12);
    expect(record.summary.tpot_s).toBeCloseTo(0.03, 12);
  });

  it("excludes tests that do not apply from passed and total", () => {
    expect(record.summary).toMatchObject({
      tests_passed: 2,
      tests_total: 2,
      tests_not_applicable: 1,
    });
    expect(record.results_by_category.context_heavy).toBeUndefined();
    expect(record.tests[2]).toMatchObject({
      success: false,
      outcome: "not_applicable",
      reason: "the window 8192",
    });
  });

  it("holds short prompts, hashes of long ones, and 200 characters of each completion", () => {
    expect(record.tests[0]?.prompt).toBe("Write a function.");
    expect(record.tests[1]?.prompt).toBe(`System design sha256:${"ab".repeat(32)}`);
    expect(record.tests[0]?.completion).toHaveLength(200);
    const trams = metrics({ text: "🚋".repeat(300) });
    const cut = build({ tests: [test({ outcome: { kind: "measured", metrics: trams } })] });
    expect(cut.tests[0]?.completion).toBe("🚋".repeat(200));
  });

  it("states its run, VM, region, time, suite, method and price", () => {
    expect(record.summary).toMatchObject({
      simulated: true,
      suite: "standard-1",
      method: "stream-1",
      verdict: { state: "sound" },
      run: "run1",
      vm: "mds-x",
      region: "us-ord",
      finished_utc: "2026-11-24T06:01:00.123Z",
      load: [],
      passes_asked: 3,
      price_usd_per_hour: 1.04,
      key: comparabilityKey(record),
    });
    expect(record).toMatchObject({ total_vram: 40, vram_per_gpu: 20, hourly_cost: 1.04 });
  });

  it.each([
    [0, "2026-11-24T06:01:00.123456"],
    [-60, "2026-11-24T07:01:00.123456"],
    [480, "2026-11-23T22:01:00.123456"],
  ])("has a local timestamp like Python's, at an offset of %i minutes", (offset, timestamp) => {
    expect(build({}, offset).timestamp).toBe(timestamp);
  });

  it("names the mode in its method, unless it is fixed", () => {
    expect(build({ mode: "natural" }).summary.method).toBe("stream-1-natural");
    expect(build({ mode: "fixed" }).summary.method).toBe("stream-1");
  });

  it("gives the reason of a failed test and counts it in the total", () => {
    const failed = test({ outcome: { kind: "failed", reason: "HTTP 500" } });
    const { summary, tests } = build({ tests: [test(), failed] });
    expect(summary).toMatchObject({ tests_passed: 1, tests_total: 2 });
    expect(tests[1]).toMatchObject({ success: false, outcome: "failed", reason: "HTTP 500" });
  });

  it("holds only finite numbers, even if every test failed", () => {
    const nothing = build({ tests: [test({ outcome: { kind: "failed", reason: "x" } })] });
    expect(JSON.stringify(nothing)).not.toContain("null");
    expect(nothing.summary).toMatchObject({ avg_tokens_per_sec: 0, cost_per_1k_tokens: 0 });
    expect(nothing.results_by_category).toEqual({});
  });
});
