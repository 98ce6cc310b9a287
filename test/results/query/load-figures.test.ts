import { describe, expect, it } from "vitest";
import type { LoadResult, LoadResult01 } from "../../../src/evidence/load-result.ts";
import { loadFigures } from "../../../src/results/query/load-figures.ts";
import { sampleRecord } from "../sample-record.ts";

const level = (inFlight: number, rate: number, more: Partial<LoadResult> = {}): LoadResult => ({
  in_flight: inFlight,
  requests: 8,
  failed: 0,
  out_tps: rate,
  per_user_tps: rate / inFlight,
  ttft_ms: { p50: 300 },
  verdict: "sound",
  reasons: [],
  ...more,
});
const figures = (...passes: readonly (LoadResult | LoadResult01)[][]) =>
  loadFigures({
    records: passes.map((load) => sampleRecord({ summary: { load } })),
    hourlyUsd: 0.72,
  });

describe("figures under load", () => {
  it("are medians over the passes at each level, with the price of a million tokens", () => {
    const found = figures(
      [level(16, 500), level(4, 190)],
      [level(16, 510), level(4, 200)],
      [level(16, 530), level(4, 220)],
    );
    expect(found).toMatchObject([
      { inFlight: 4, rates: [190, 200, 220], tokensPerSec: 200, perUserTokensPerSec: 50 },
      { inFlight: 16, tokensPerSec: 510, ttftMs: 300, unsound: 0 },
    ]);
    expect(found[0]?.costPer1M).toBeCloseTo(1, 12);
  });

  it("leave out measurements that were not sound, and count them", () => {
    const failed = level(4, 0, { verdict: "failed", reasons: ["a timeout"] });
    expect(figures([level(4, 200)], [failed])).toMatchObject([
      { inFlight: 4, rates: [200], unsound: 1 },
    ]);
    expect(figures([failed])).toMatchObject([
      { tokensPerSec: undefined, costPer1M: undefined, unsound: 1 },
    ]);
  });

  it("are read from records of version 0.1 as well", () => {
    const old: LoadResult01 = {
      concurrency: 4,
      requests: 8,
      failed: 0,
      out_tps: 200,
      per_user_tps: 50,
      ttft_s: 0.4,
      tpot_s: 0.02,
    };
    expect(figures([old])).toMatchObject([{ inFlight: 4, tokensPerSec: 200, ttftMs: 400 }]);
  });

  it("are none for a record without load levels", () => {
    expect(figures([], [])).toEqual([]);
  });
});
