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

it("reads the levels of a record as they are", () => {
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

it("reads the levels that version 0.1 wrote", () => {
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
  ["where requests failed", { ...old, failed: 1, reasons: ["HTTP 500"] }, ["HTTP 500"]],
  ["where the counters disagreed", { ...old, reasons: ["output tokens"] }, ["output tokens"]],
])("takes no figure from a level of version 0.1 %s", (_, level, reasons) => {
  const [read] = loadResults({ load: [level] });
  expect(read).toMatchObject({ verdict: "failed", reasons });
  expect(read).not.toHaveProperty("out_tps");
});
