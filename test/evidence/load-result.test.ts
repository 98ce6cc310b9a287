import { expect, it } from "vitest";
import { loadResults } from "../../src/evidence/load-result.ts";
import type { LoadResult } from "../../src/evidence/load-result.ts";

const old = {
  concurrency: 4,
  requests: 40,
  failed: 0,
  out_tps: 180,
  per_user_tps: 46,
  ttft_s: 0.125,
  tpot_s: 0.02,
};

it("returns load levels of the current version unchanged", () => {
  const level: LoadResult = {
    in_flight: 8,
    requests: 80,
    failed: 0,
    out_tps: 300,
    verdict: "sound",
    reasons: [],
  };
  expect(loadResults({ load: [level] })).toEqual([level]);
  expect(loadResults({})).toEqual([]);
});

it("converts load levels of version 0.1", () => {
  expect(loadResults({ load: [old] })).toEqual([
    {
      in_flight: 4,
      requests: 40,
      failed: 0,
      out_tps: 180,
      per_user_tps: 46,
      ttft_ms: { p50: 125 },
      tpot_ms: { p50: 20 },
      verdict: "sound",
      reasons: [],
    },
  ]);
});

it.each([
  ["with failed requests", { ...old, failed: 1, reasons: ["HTTP 500"] }, ["HTTP 500"]],
  ["with disagreeing counters", { ...old, reasons: ["output tokens"] }, ["output tokens"]],
])("drops the figures of a load level of version 0.1 %s", (_, level, reasons) => {
  const [read] = loadResults({ load: [level] });
  expect(read).toMatchObject({ verdict: "failed", reasons });
  expect(read).not.toHaveProperty("out_tps");
});
