import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { LoadResult } from "../../../src/evidence/load-result.ts";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import {
  isWithin,
  recommend,
  type RecommendAnswer,
  type RecommendQuestion,
} from "../../../src/results/query/recommend.ts";
import { sampleRecord, type SampleFacts } from "../sample-record.ts";

const fixture = (
  JSON.parse(
    await readFile(
      new URL("../../../fixtures/benchmark-database.v1.json", import.meta.url),
      "utf8",
    ),
  ) as { benchmarks: BenchmarkRecord[] }
).benchmarks;
const NOW = Date.UTC(2026, 10, 24, 12);
const speeds = (values: readonly number[], facts: SampleFacts = {}) =>
  values.map((speed) => sampleRecord({ ...facts, speed }));
const ask = (
  records: readonly BenchmarkRecord[],
  facts: Partial<RecommendQuestion> = {},
): RecommendAnswer =>
  recommend({ records, task: "coding", budget: "none", size: "balanced", nowMs: NOW, ...facts });
const names = ({ recommendations }: RecommendAnswer): string[] =>
  recommendations.map(({ configuration: { gpu } }) => gpu);

describe("recommend", () => {
  it.each([
    ["under-1", 0.99, true],
    ["under-1", 1, false],
    ["1-3", 1, true],
    ["1-3", 3, true],
    ["1-3", 3.01, false],
    ["over-3", 3, false],
    ["over-3", 3.01, true],
    ["none", 99, true],
  ] as const)(
    "decides whether the budget %s includes $%d per hour: %s",
    (budget, hourly, taken) => {
      expect(isWithin(budget, hourly)).toBe(taken);
    },
  );

  const three = (middle: number, facts: SampleFacts) =>
    speeds([middle * 0.995, middle, middle * 1.005], facts);

  it("orders by confidence, then efficiency, and returns at most three", () => {
    const records = [
      ...three(50, { gpu: "good", hourly: 1 }),
      ...three(80, { gpu: "better", hourly: 1 }),
      ...speeds([500], { gpu: "once", hourly: 1 }),
      ...speeds([90, 91], { gpu: "twice", hourly: 1 }),
    ];
    const { recommendations, candidates, runs } = ask(records);
    expect(recommendations.map(({ configuration, rank }) => [configuration.gpu, rank])).toEqual([
      ["better", 1],
      ["good", 2],
      ["twice", 3],
    ]);
    expect([candidates, runs]).toEqual([4, 9]);
    expect(recommendations[2]?.warnings).toContain("Based on limited data (2 passes)");
  });

  it("orders ties by the preferred size", () => {
    const big = three(100, { gpu: "big", hourly: 2 }).map((record) => ({
      ...record,
      total_vram: 160,
    }));
    const small = three(50.2, { gpu: "small", hourly: 1 }).map((record) => ({
      ...record,
      total_vram: 20,
    }));
    const first = (size: "smallest" | "balanced" | "largest") =>
      ask([...small, ...big], { size }).recommendations;
    expect(first("smallest").map(({ configuration }) => configuration.gpu)).toEqual([
      "small",
      "big",
    ]);
    expect(first("largest").map(({ configuration }) => configuration.gpu)).toEqual([
      "big",
      "small",
    ]);
    expect(first("balanced").map(({ configuration }) => configuration.gpu)).toEqual([
      "small",
      "big",
    ]);
    expect(first("largest").map(({ rank, tied }) => [rank, tied])).toEqual([
      [1, true],
      [1, true],
    ]);
  });

  const recommendCoding = (records: BenchmarkRecord[], size: "smallest" | "balanced" | "largest") =>
    ask(records, { size });
  const order = (records: BenchmarkRecord[], size: "smallest" | "balanced" | "largest") =>
    recommendCoding(records, size).recommendations.map(({ configuration: { gpu, model } }) => [
      gpu,
      model,
    ]);

  it("ranks single passes by their figures, and by size only if they are nearly equal", () => {
    const records = [
      sampleRecord({ gpu: "expensive", speed: 10, hourly: 3 }),
      sampleRecord({ gpu: "good", speed: 60, hourly: 0.52 }),
      { ...sampleRecord({ gpu: "odd", speed: 59, hourly: 0.52 }), total_vram: 0 },
    ];
    for (const size of ["smallest", "balanced", "largest"] as const) {
      const { recommendations } = recommendCoding(records, size);
      expect(
        recommendations.map(({ configuration, rank, tied }) => [configuration.gpu, rank, tied]),
      ).toEqual([
        ["good", 1, true],
        ["odd", 1, true],
        ["expensive", 3, false],
      ]);
      expect(recommendations[0]?.why).toContain("a single pass cannot settle its place");
      expect(recommendations[2]?.why).not.toContain("size decided");
    }
  });

  it("prefers by the size of the model before that of the GPU", () => {
    const small = "Qwen/Qwen2.5-Coder-7B-Instruct";
    const middle = "Qwen/Qwen2.5-Coder-14B-Instruct";
    const records = [
      ...three(50, { gpu: "card", model: small }),
      ...three(50.1, { gpu: "card", model: middle }),
    ];
    expect(order(records, "smallest").map(([, model]) => model)).toEqual([small, middle]);
    expect(order(records, "balanced").map(([, model]) => model)).toEqual([middle, small]);
    expect(order(records, "largest").map(([, model]) => model)).toEqual([middle, small]);
  });

  it("lets the size decide only within 10 %, even if the passes show no difference beyond that", () => {
    const wide = (middle: number, gpu: string) =>
      speeds([middle * 0.92, middle, middle * 1.08], { gpu, hourly: 1 });
    const records = [
      ...wide(100, "best"),
      ...wide(85, "small").map((record) => ({ ...record, total_vram: 8 })),
    ];
    const { recommendations } = recommendCoding(records, "smallest");
    expect(
      recommendations.map(({ configuration, rank, tied }) => [configuration.gpu, rank, tied]),
    ).toEqual([
      ["best", 1, true],
      ["small", 1, true],
    ]);
    expect(recommendations[0]?.why).toContain(
      "no difference shown between it and those tied with it",
    );
    expect(recommendations[0]?.why).not.toContain("size decided");
  });

  it("suggests measuring again what is tied with a recommendation, or else lacks confidence", () => {
    const tie = ["a", "b", "c", "d", "e"].flatMap((gpu) => three(50, { gpu, hourly: 1 }));
    const { unsettled } = recommendCoding(
      [...three(10, { gpu: "worse", hourly: 1 }), ...tie],
      "smallest",
    );
    expect(unsettled.map(({ gpu }) => gpu).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    const alone = recommendCoding(
      [...three(60, { gpu: "sure" }), ...speeds([30], { gpu: "once" })],
      "smallest",
    );
    expect(alone.unsettled.map(({ gpu }) => gpu)).toEqual(["once"]);
  });

  it("uses the task's own figures, and for mixed use only records that hold all tasks", () => {
    const records = fixture.slice(0, 5);
    const mixed = ask(records, { task: "mixed" });
    expect(mixed.runs).toBe(4);
    expect(mixed.recommendations[0]?.warnings).toContain("Averaged across all task categories");
    expect(ask(records, { budget: "under-1" }).recommendations).toEqual([]);
  });

  it("says whether the size preference decided anything", () => {
    const near = [...three(50, { gpu: "a", hourly: 1 }), ...three(51, { gpu: "b", hourly: 1 })];
    const far = [...three(50, { gpu: "a", hourly: 1 }), ...three(90, { gpu: "b", hourly: 1 })];
    expect([ask(near).sizeDecided, ask(far).sizeDecided]).toEqual([true, false]);
  });

  it("names what is cheaper and faster outside the budget", () => {
    const records = [
      ...three(64, { gpu: "middle", hourly: 1.5 }),
      ...three(112, { gpu: "cheap", hourly: 0.52 }),
      ...three(20, { gpu: "slow", hourly: 0.3 }),
      ...three(300, { gpu: "large", hourly: 8 }),
    ];
    const outside = ask(records, { budget: "1-3" });
    expect(names(outside)).toEqual(["middle"]);
    expect(outside.outsideBudget?.configuration.gpu).toBe("cheap");
    expect(ask(records, { budget: "under-1" }).outsideBudget).toBeUndefined();
    expect(ask(records).outsideBudget).toBeUndefined();
  });

  it("names the best outside a budget that nothing meets", () => {
    const answer = ask(three(64, { gpu: "middle", hourly: 1.5 }), { budget: "over-3" });
    expect(answer.recommendations).toEqual([]);
    expect(answer.outsideBudget?.configuration.gpu).toBe("middle");
  });

  it("warns of what is older than 30 days", () => {
    const measured = (daysAgo: number) => ({
      summary: { finished_utc: new Date(NOW - daysAgo * 86_400_000).toISOString() },
    });
    const stale = (daysAgo: number) => {
      const [first] = ask(three(50, measured(daysAgo))).recommendations;
      return [first?.stale, first?.warnings.some((text) => text.startsWith("Stale"))];
    };
    expect([stale(29), stale(31)]).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it("counts the imported results that it leaves out", () => {
    const imported = three(50, { summary: { origin: "alice" } });
    expect(ask(imported)).toMatchObject({ recommendations: [], importedLeftOut: 3 });
    expect(ask(imported, { withImported: true })).toMatchObject({ importedLeftOut: 0 });
  });
});

describe("recommend for several users", () => {
  const level = (inFlight: number, rate: number): LoadResult => ({
    in_flight: inFlight,
    requests: 8,
    failed: 0,
    out_tps: rate,
    per_user_tps: rate / inFlight,
    verdict: "sound",
    reasons: [],
  });
  const loaded = (gpu: string, speed: number, hourly: number, ...load: LoadResult[]) =>
    [0.999, 1, 1.001].map((factor) =>
      sampleRecord({ gpu, speed: speed * factor, hourly, summary: { load } }),
    );
  const alone = loaded("best-alone", 100, 1, level(4, 150));
  const shared = loaded("best-shared", 60, 1, level(4, 220), level(16, 500));

  it("ranks by the throughput for each dollar at a load of at least so many", () => {
    const records = [...alone, ...shared];
    expect(names(ask(records))).toEqual(["best-alone", "best-shared"]);
    const four = ask(records, { users: 3 });
    expect(names(four)).toEqual(["best-shared", "best-alone"]);
    expect(four.recommendations[0]?.load).toMatchObject({
      inFlight: 4,
      tokensPerSec: 220,
      perUserTokensPerSec: 55,
    });
  });

  it("counts only the users' share of a higher load", () => {
    const high = loaded("measured-at-16", 60, 1, level(16, 500));
    expect(names(ask([...high, ...alone], { users: 4 }))).toEqual(["best-alone", "measured-at-16"]);
  });

  it("says how many were not measured with so many, and the highest load", () => {
    expect(ask([...alone, ...shared], { users: 8 })).toMatchObject({
      recommendations: [{ configuration: { gpu: "best-shared" } }],
      notMeasuredAtLoad: 1,
    });
    expect(ask([...alone, ...shared], { users: 64 })).toMatchObject({
      recommendations: [],
      notMeasuredAtLoad: 2,
      highestLoad: 16,
    });
  });

  it("does not use a load level that was not sound", () => {
    const unsound: LoadResult = { ...level(4, 900), verdict: "failed", reasons: ["a timeout"] };
    expect(names(ask(loaded("unsound", 60, 1, unsound), { users: 4 }))).toEqual([]);
  });
});
