import { describe, expect, it } from "vitest";
import { benchmarkFile } from "../../src/evidence/benchmark-file.ts";
import type { MeasuredPass } from "../../src/evidence/benchmark-file.ts";
import type { LoadResult } from "../../src/evidence/load-result.ts";
import type { Summary } from "../../src/evidence/record.ts";
import { benchmarkText } from "../../src/report/benchmark-text.ts";
import { UNLIMITED } from "../../src/report/render-table.ts";
import { sampleRecord } from "../results/sample-record.ts";

function measured(facts: Partial<Summary>): MeasuredPass {
  return { pass: 1, record: sampleRecord({ summary: facts }), loadRequests: [] };
}

function textOf(summary: Partial<Summary>, voided: Partial<Summary>[] = []): string {
  return textOfPass(measured(summary), voided);
}

function textOfPass(pass: MeasuredPass, voided: Partial<Summary>[] = []): string {
  const file = benchmarkFile({
    passes: [pass],
    voided: voided.map(measured),
    session: undefined,
    categoryFilter: "all",
    apiBase: "http://x",
    priced: true,
    saved: [],
    incomplete: undefined,
  });
  return benchmarkText(file, UNLIMITED);
}

describe("what a benchmark prints", () => {
  it("shows void attempts with their reason and their figure, marked", () => {
    const verdict = { state: "void" as const, reasons: ["the GPU was throttled"] };
    expect(textOf({}, [{ verdict }])).toContain(
      "Void attempt at pass 1 (12 of 12 tests, 50.00 tokens/sec, not to be used): the GPU was throttled",
    );
  });

  it("speaks of one VM only where the record names one", () => {
    expect(textOf({ vm: "vm-1" })).toMatch(/^Measured by .* 1 pass on 1 VM$/m);
    const pass = measured({});
    delete pass.record.summary.vm;
    expect(textOfPass(pass)).toMatch(/^Measured by .* 1 pass$/m);
  });

  it("shows no figure of a load level that is not sound, but why", () => {
    const counts = { requests: 80, failed: 0 };
    const load: LoadResult[] = [
      {
        ...counts,
        in_flight: 8,
        out_tps: 300.04,
        per_user_tps: 40,
        ttft_ms: { p50: 210, p95: 400, max: 500 },
        tpot_ms: { p50: 25, p95: 26.5, max: 30 },
        verdict: "sound",
        reasons: [],
      },
      { ...counts, in_flight: 16, verdict: "void", reasons: ["the GPU was throttled"] },
    ];
    const lines = textOf({ load }).split("\n");
    const row = (inFlight: number): string =>
      lines.find((line) => new RegExp(`^\\W+${String(inFlight)} `).test(line)) ?? "";
    expect(row(8).match(/[\d./]+(?:ms)?|sound/g)).toEqual([
      "8",
      "80/80",
      "300.0",
      "40.0",
      "210ms",
      "400ms",
      "25.0ms",
      "26.5ms",
      "sound",
    ]);
    expect(row(16)).toContain("void: the GPU was throttled");
    expect(row(16).match(/ - /g)).toHaveLength(6);
  });
});
