import { describe, expect, it } from "vitest";
import { benchmarkFile } from "../../src/evidence/benchmark-file.ts";
import type { MeasuredPass } from "../../src/evidence/benchmark-file.ts";
import type { Verdict } from "../../src/evidence/record.ts";
import { sampleRecord } from "../results/sample-record.ts";

const rows = [{ in_flight: 4, requests: [{ test: "a", sent_s: 1, ttft_s: 0.2 }] }];

function measured(pass: number, state: Verdict["state"], reasons: string[] = []): MeasuredPass {
  const record = sampleRecord({ summary: { verdict: { state, reasons } } });
  return { pass, record, loadRequests: rows };
}
function fileOf(passes: MeasuredPass[], voided: MeasuredPass[], priced = true) {
  const common = { session: undefined, categoryFilter: "all", apiBase: "http://x", saved: [] };
  return benchmarkFile({ ...common, passes, voided, priced, incomplete: undefined });
}

describe("the benchmark file", () => {
  it("holds every pass with its tests and the requests of its load levels", () => {
    const passes = [measured(1, "sound"), measured(2, "failed", ["alpha: HTTP 500"])];
    expect(fileOf(passes, []).passes).toEqual(
      passes.map(({ pass, record }) => ({
        pass,
        id: record.id,
        timestamp: record.timestamp,
        results_by_category: record.results_by_category,
        summary: record.summary,
        tests: record.tests,
        load_requests: rows,
      })),
    );
  });

  it("lists void attempts separately and excludes them from the figures", () => {
    const file = fileOf([measured(1, "sound")], [measured(1, "void", ["the GPU was throttled"])]);
    expect(file.void_passes).toHaveLength(1);
    expect(file.void_passes[0]?.tests).toHaveLength(1);
    expect(file.figures["overall"]?.tokens_per_sec?.n).toBe(1);
    expect(file.not_sound).toBeNull();
  });

  it("falls back to a void attempt, marked as such, if there is no pass", () => {
    const file = fileOf([], [measured(1, "void", ["the GPU was throttled"])]);
    expect(file.not_sound).toBe("the pass was void: the GPU was throttled");
    expect(file.tests).toHaveLength(1);
    expect(file.figures["overall"]?.tokens_per_sec).toBeUndefined();
  });

  it("has no costs without a price", () => {
    const [pass] = fileOf([measured(1, "sound")], [], false).passes;
    expect(pass?.summary).toMatchObject({ cost_per_1k_tokens: null, price_usd_per_hour: null });
    expect(pass?.results_by_category["coding"]).toMatchObject({ cost_per_1k_tokens: null });
  });
});
