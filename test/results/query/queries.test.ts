import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import { compare } from "../../../src/results/query/compare.ts";
import { configurations } from "../../../src/results/query/configurations.ts";
import { ageText, coverage } from "../../../src/results/query/coverage.ts";
import { sampleRecord } from "../sample-record.ts";

const fixture = (
  JSON.parse(
    await readFile(
      new URL("../../../fixtures/benchmark-database.v1.json", import.meta.url),
      "utf8",
    ),
  ) as { benchmarks: BenchmarkRecord[] }
).benchmarks;
const NOW = Date.UTC(2026, 10, 24, 12);
const DAY = 86_400_000;
const speeds = (values: readonly number[], facts: Parameters<typeof sampleRecord>[0] = {}) =>
  values.map((speed) => sampleRecord({ ...facts, speed }));

describe("configurations", () => {
  it("have the median speed, the newest price, the number of distinct VMs and the last date", () => {
    const records = [
      sampleRecord({
        speed: 50,
        summary: { vm: "a", finished_utc: "2026-11-01T00:00:00Z" },
        hourly: 1,
      }),
      sampleRecord({
        speed: 60,
        summary: { vm: "b", finished_utc: "2026-11-03T00:00:00Z" },
        hourly: 2,
      }),
      sampleRecord({
        speed: 52,
        summary: { vm: "b", finished_utc: "2026-11-02T00:00:00Z" },
        hourly: 1,
      }),
    ];
    const [row, ...others] = configurations(records);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ hourlyUsd: 2, vms: 2, lastMs: Date.UTC(2026, 10, 3), ttftS: 0.21 });
    expect(row?.speed.median).toBe(52);
    expect(row?.costPer1k).toBeCloseTo((2 / (52 * 3600)) * 1000, 12);
    expect(row?.costPer1M).toBeCloseTo((2 / (52 * 3600)) * 1e6, 9);
    expect(row?.efficiency).toBe(26);
    expect(row?.speed.interval?.low).toBeLessThan(52);
  });

  it("separate models, engine settings, and simulated from real results", () => {
    const rows = configurations([
      sampleRecord(),
      sampleRecord({ model: "Qwen/Other-7B" }),
      sampleRecord({ vllm: { max_model_len: 8192 } }),
      sampleRecord({ summary: { simulated: true } }),
      sampleRecord({ summary: { driver: "581.01" } }),
    ]);
    expect(rows).toHaveLength(5);
  });

  it("use only one category's figures if one is given", () => {
    const rows = configurations(fixture, "reasoning");
    const row = rows.find(({ gpu }) => gpu === "g1-gpu-rtx6000-2");
    const own = fixture
      .slice(0, 3)
      .map(({ results_by_category }) => results_by_category.reasoning?.avg_tokens_per_sec ?? 0)
      .toSorted((a, b) => a - b);
    expect(row?.speed.median).toBe(own[1]);
    expect(row?.testsPassed).toBe(4);
  });

  it("combine full and partial passes only if one category is given", () => {
    const { coding } = sampleRecord().results_by_category;
    const partial = sampleRecord({ results: coding === undefined ? {} : { coding } });
    const tests = sampleRecord().tests.map((test) => ({ ...test, test_name: "System design" }));
    const full = { ...sampleRecord(), tests: [...sampleRecord().tests, ...tests] };
    expect(configurations([partial, full])).toHaveLength(2);
    expect(configurations([partial, full], "coding").map(({ speed }) => speed.n)).toEqual([2]);
  });

  it("leave out records that are not sound", () => {
    expect(configurations(fixture).some(({ model }) => model.includes("7B"))).toBe(false);
  });
});

describe("compare", () => {
  const fast = speeds([80, 81, 82], { gpu: "fast", hourly: 4, category: "70b" });
  const cheap = speeds([40, 41, 42], { gpu: "cheap", hourly: 0.5, category: "14b" });
  const records = [...cheap, ...fast];

  it.each([
    ["tokens_per_sec", "fast"],
    ["cost_per_1k_tokens", "cheap"],
    ["cost_efficiency", "cheap"],
  ] as const)("sorts by %s, best first", (sortBy, first) => {
    const answer = compare({ records, sortBy });
    expect(answer.rows.map(({ gpu }) => gpu)[0]).toBe(first);
    expect(answer.rows).toHaveLength(2);
    expect(answer.records).toHaveLength(6);
    expect(answer.records[0]?.gpu_type).toBe(first);
  });

  it("applies every filter to rows and records", () => {
    const sortBy = "tokens_per_sec";
    expect(compare({ records, sortBy, gpuType: "cheap" }).records).toHaveLength(3);
    expect(compare({ records, sortBy, modelCategory: "70B" }).rows.map(({ gpu }) => gpu)).toEqual([
      "fast",
    ]);
    expect(compare({ records, sortBy, gpuType: "cheap", modelCategory: "70b" }).rows).toEqual([]);
    const codingOnly = compare({ records: fixture, sortBy, taskCategory: "context_heavy" });
    expect(codingOnly.records).toHaveLength(6);
  });

  it("gives the reason why a record is not ranked, and warns about mixed measurements", () => {
    const answer = compare({ records: [...fixture, ...fast], sortBy: "tokens_per_sec" });
    expect(answer.rejectedRecords.map(({ reason }) => reason)).toEqual(["2 of 12 tests failed"]);
    expect(answer.warnings.some((text) => text.includes("different categories"))).toBe(true);
    expect(answer.warnings.some((text) => text.includes("method 1, unknown"))).toBe(true);
    expect(compare({ records: fast, sortBy: "tokens_per_sec" }).warnings).toEqual([]);
  });
});

describe("coverage", () => {
  it("counts the catalog's GPU types, names others, and derives the confidence from the passes", () => {
    const records = [
      ...fixture,
      ...speeds([50, 51], { gpu: "retired-type", timestamp: "2026-11-23T00:00:00" }),
    ];
    const answer = coverage(records, NOW, 30);
    expect(answer).toMatchObject({
      total: 10,
      rejectedRecords: 1,
      gpuTypesTotal: 13,
      outsideCatalog: expect.arrayContaining(["retired-type"]) as unknown,
      simulated: false,
    });
    expect(answer.byConfidence.High).toBe(1);
    expect(answer.tested[0]).toMatchObject({ gpu: "retired-type", runs: 2, confidence: "Medium" });
    const old = answer.tested.find(({ model }) => model.includes("14B"));
    expect(old).toMatchObject({ stale: true, confidence: "Low" });
    expect(answer.missing).toHaveLength(13 - answer.gpuTypesTested);
    const prices = answer.missing.map(({ hourly }) => hourly);
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
  });

  it.each([
    [30_000, "0 minutes ago"],
    [90_000, "1 minute ago"],
    [3 * 3_600_000, "3 hours ago"],
    [6.9 * DAY, "6 days ago"],
    [13 * DAY, "1 week ago"],
    [29.9 * DAY, "4 weeks ago"],
    [65 * DAY, "2 months ago"],
    [-DAY, "0 minutes ago"],
  ])("shows an age of %d ms as %s", (age, text) => {
    expect(ageText(NOW - age, NOW)).toBe(text);
  });
});
