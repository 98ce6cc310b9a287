import { readFile } from "node:fs/promises";
import stringWidth from "fast-string-width";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import type { Fact } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { foldLedger } from "../../src/run-state/ledger.ts";
import { comparisonTable } from "../../src/report/comparison-table.ts";
import { coverageText } from "../../src/report/coverage-text.ts";
import { sweepSummary } from "../../src/report/sweep-summary.ts";
import { UNLIMITED, renderTable } from "../../src/report/render-table.ts";
import { compare } from "../../src/results/query/compare.ts";
import { coverage } from "../../src/results/query/coverage.ts";
import { START_MS, journalOf, labelOf, opened, reserved } from "../cli/output/sample-events.ts";
import { sampleRecord } from "../results/sample-record.ts";

const fixture = (
  JSON.parse(
    await readFile(new URL("../../fixtures/benchmark-database.v1.json", import.meta.url), "utf8"),
  ) as { benchmarks: BenchmarkRecord[] }
).benchmarks;
const NOW = Date.UTC(2026, 10, 24, 12);
const NARROW = { width: 80, colour: false };
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("renderTable", () => {
  const columns = [
    { head: "Name", shrinks: true },
    { head: "Figure", align: "right" },
  ] as const;

  it("aligns, and draws borders where there is room", () => {
    expect(renderTable(columns, [["a", "1.0"]], UNLIMITED).split("\n")).toEqual([
      "┌──────┬────────┐",
      "│ Name │ Figure │",
      "├──────┼────────┤",
      "│ a    │    1.0 │",
      "└──────┴────────┘",
    ]);
  });

  it("drops borders and cuts names, never figures, where it is narrow", () => {
    const text = renderTable(columns, [["a-very-long-name-indeed", "1234567.0"]], {
      width: 22,
      colour: false,
    });
    expect(widest(text)).toBeLessThanOrEqual(22);
    expect(text).toContain("1234567.0");
    expect(text).toContain("…");
  });

  it("has no terminal codes unless told, and lets none in", () => {
    const row = [["\u001b[31mred\nline", "1"]];
    expect(renderTable(columns, row, UNLIMITED)).not.toContain("\u001b");
    expect(renderTable(columns, row, { width: 80, colour: true })).toContain("\u001b[1m");
  });
});

describe("renderTable, for any names", () => {
  const columns = [{ head: "A", shrinks: true }, { head: "B", shrinks: true }, { head: "C" }];
  const name = fc.string({ unit: "grapheme", maxLength: 60 });

  it("keeps to the width, and cuts no column that may not shrink", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, name, fc.constantFrom("1", "12345.6")), { maxLength: 5 }),
        fc.integer({ min: 28, max: 90 }),
        (rows, width) => {
          const text = renderTable(columns, rows, { width, colour: false });
          for (const line of text.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(width);
          for (const [, , figure] of rows) expect(text).toContain(figure);
        },
      ),
    );
  });

  it("cuts a name of a hundred thousand letters to the room there is", () => {
    const text = renderTable(columns, [["x".repeat(100_000), "y".repeat(30), "1.0"]], NARROW);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toContain("y".repeat(30));
  });
});

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct";
const label = labelOf(1);
const gpu = "g2-gpu-rtx4000a1-s";
const pass = (number: number, speed: number): Fact => ({
  type: "pass.finished",
  label,
  model: MODEL,
  pass: number,
  record: sampleRecord({ speed, summary: { simulated: true } }),
});
const run = (facts: readonly (readonly [number, Fact])[], world: string | null = "w1") =>
  foldRun(
    journalOf([
      [0, opened({ world })],
      [0, reserved(1)],
      [1, { type: "create.sent", label }],
      [1, { type: "create.acknowledged", label, vm_id: 1, ipv4: "127.64.0.1" }],
      ...facts,
    ]),
  );
const finished: readonly (readonly [number, Fact])[] = [
  [20, pass(1, 50)],
  [25, pass(2, 50.5)],
  [30, pass(3, 50.2)],
  [
    30,
    {
      type: "configuration.finished",
      label,
      gpu,
      model: MODEL,
      state: "measured",
      passes: 3,
      reason: null,
    },
  ],
  [
    31,
    {
      type: "server.failed",
      label,
      model: "Qwen/Big-70B",
      cause: "out of memory",
      evidence: "CUDA OOM",
      remedy: "a larger GPU",
      log: "x.log",
    },
  ],
  [
    31,
    {
      type: "configuration.finished",
      label,
      gpu,
      model: "Qwen/Big-70B",
      state: "failed",
      passes: 0,
      reason: "oom",
    },
  ],
  [32, { type: "destroy.intended", label, reason: "done" }],
  [33, { type: "rental.gone", label }],
  [33, { type: "rental.settled", label, hours: 1, micro_usd: 520_000, usd: 0.52 }],
  [
    34,
    {
      type: "entry.not_started",
      rental: 2,
      gpu: "g1-gpu-rtx6000-1",
      models: [MODEL],
      reason: "budget: needs $9.00",
    },
  ],
  [35, { type: "run.closed", exit_code: 5, state: "finished" }],
];
const summary = (state: ReturnType<typeof run>, style = NARROW): string =>
  sweepSummary(
    {
      state,
      ledger: foldLedger(state, START_MS + 40 * 60_000),
      nowMs: START_MS + 40 * 60_000,
      folder: "/state/runs/x",
      database: "/cache/db.json",
      where: " --db db.json",
    },
    style,
  );

describe("the end-of-run report", () => {
  it("tells configurations, failures with reasons, money by rental, and where the results lie", () => {
    const text = summary(run(finished));
    expect(text).toMatch(
      /rtx4000a1-s +Coder-7B +3 +50\.2 ±1\.2% +0\.21s +0\.0029 +2\.88 +measured/,
    );
    expect(text).toMatch(/rtx4000a1-s +Big-70B +0 +- +- +- +- +failed/);
    expect(text).toMatch(/rtx6000-1 +Coder-7B +0 .* not started/);
    expect(summary(run(finished), UNLIMITED)).toContain(
      "g2-gpu-rtx4000a1-s Qwen/Big-70B: vLLM did not come up: out of memory: CUDA OOM; a larger GPU (log: x.log)",
    );
    expect(text).toMatch(/not started: budget: needs\s+\$9\.00/);
    expect(text).toMatch(/us-ord +│? +1 +│? +\$0\.52 +│? +\$0\.52 +│? gone/);
    expect(text).toContain("billed $0.52, cap $60.00, left $59.48");
    expect(text).toContain("Results: /cache/db.json");
    expect(text).toContain("Journal and logs: /state/runs/x");
    expect(text).toMatch(/^See it: maider-sweep report( --simulate)? --db db\.json --open$/m);
  });

  it("tells what a million tokens cost in three ways: 0.52 over 50.2 tokens/s, over 45 minutes of them, and as billed over 6,028 tokens", () => {
    const started = (speed: number, number: number): Fact => {
      const fact = pass(number, speed) as Extract<Fact, { type: "pass.finished" }>;
      return {
        ...fact,
        record: { ...fact.record, summary: { ...fact.record.summary, start_up_s: 900 } },
      };
    };
    const facts = finished.map(([at, fact], index) =>
      index < 3
        ? ([at, started([50, 50.5, 50.2][index] ?? 0, index + 1)] as const)
        : ([at, fact] as const),
    );
    expect(summary(run(facts), UNLIMITED)).toContain(
      `${gpu} ${MODEL}: steady $2.88, cold start $3.84 (first hour, 15 min to start up), as billed $86.26 (whole hours, 6,028 tokens)`,
    );
  });

  it("shows throughput and the speed for one user at each load, medians over the sound passes of version 0.1", () => {
    const level = { requests: 40, failed: 0, ttft_s: 0.1, tpot_s: 0.02 };
    const loaded = finished.map(([at, fact], index) => {
      if (fact.type !== "pass.finished") return [at, fact] as const;
      const load = [
        { ...level, concurrency: 4, out_tps: 180 + index, per_user_tps: 46 },
        { ...level, concurrency: 16, out_tps: 600, per_user_tps: 40, failed: index },
      ];
      const record = { ...fact.record, summary: { ...fact.record.summary, load } };
      return [at, { ...fact, record }] as const;
    });
    expect(summary(run(loaded), UNLIMITED)).toContain(
      `${gpu} ${MODEL}: 4 in flight 181.0 tokens/s, 46.0 for one user; 16 in flight 600.0 tokens/s, 40.0 for one user, 2 of 3 passes not sound`,
    );
  });

  it("takes no figure from a load at which nothing came back", () => {
    const nothing = { requests: 40, out_tps: 0, per_user_tps: 0, ttft_s: 0, tpot_s: 0, failed: 40 };
    const good = { ...nothing, out_tps: 180, per_user_tps: 46, failed: 0 };
    const loaded = finished.map(([at, fact], index) => {
      if (fact.type !== "pass.finished") return [at, fact] as const;
      const load = [
        { ...(index === 1 ? good : nothing), concurrency: 4 },
        { ...nothing, concurrency: 16 },
      ];
      const record = { ...fact.record, summary: { ...fact.record.summary, load } };
      return [at, { ...fact, record }] as const;
    });
    expect(summary(run(loaded), UNLIMITED)).toContain(
      `${gpu} ${MODEL}: 4 in flight 180.0 tokens/s, 46.0 for one user, 2 of 3 passes not sound; 16 in flight no figure, 3 of 3 passes not sound`,
    );
  });

  it("says which tests do not fit the window, and why", () => {
    const fact = pass(1, 50) as Extract<Fact, { type: "pass.finished" }>;
    const misfit = {
      test_name: "Architecture explanation",
      category: "context_heavy",
      prompt: "",
      success: false,
      outcome: "not_applicable",
      reason: "the prompt has 16377 tokens, the reply 800, the window 8192",
    };
    const record = { ...fact.record, tests: [...fact.record.tests, misfit] };
    const text = summary(run([[20, { ...fact, record }], ...finished.slice(3)]), UNLIMITED);
    expect(text).toContain("measured, 1 n/a");
    expect(text).toContain(`Architecture explanation: ${misfit.reason}`);
  });

  it("keeps to 80 columns, goes on further in, and shows both ends of the interval where there is room", () => {
    expect(widest(summary(run(finished)))).toBeLessThanOrEqual(80);
    expect(summary(run(finished))).toMatch(
      /^ {2}g2-gpu-rtx4000a1-s Qwen\/Big-70B: vLLM .*\n {5}\S.*\(log: x\.log\)$/m,
    );
    expect(summary(run(finished), UNLIMITED)).toMatch(/50\.2 \(49\.\d-50\.\d\)/);
  });

  it("says SIMULATED with results and money alike, and never of a real run", () => {
    expect(summary(run(finished)).match(/SIMULATED/g)?.length).toBeGreaterThanOrEqual(3);
    expect(summary(run(finished, null))).not.toContain("SIMULATED");
  });

  it("shows what was measured before a rental was cut short, and what is still reserved", () => {
    const text = summary(run([[20, pass(1, 50)]]));
    expect(text).toMatch(/Coder-7B +│? +1 +│? +50\.0 .*cut short/);
    expect(text).toContain("billed $0.52, reserved $1.04, cap $60.00, left $58.44");
  });

  it("says so when nothing was measured", () => {
    expect(summary(run([]))).toContain("nothing was measured");
  });
});

describe("the comparison table", () => {
  const answer = compare({ records: fixture, sortBy: "tokens_per_sec" });

  it("has the guide's columns and labels within 80 columns", () => {
    const text = comparisonTable(
      answer,
      { taskCategory: undefined, sortBy: "tokens_per_sec" },
      NOW,
      NARROW,
    );
    for (const head of [
      "GPU Type",
      "GPUs",
      "VRAM",
      "Model",
      "Tokens/Sec",
      "Cost/1K",
      "$/Hour",
      "Efficiency",
    ])
      expect(text).toContain(head);
    expect(text).toContain("Sorted by: Tokens Per Sec");
    expect(text).toMatch(/rtx6000-2 +│? +2 +│? +96GB/);
    expect(text).toContain("2 of 12 tests failed");
    const table = text.split("\n").filter((line) => /│|RTX/.test(line));
    expect(widest(table.join("\n"))).toBeLessThanOrEqual(80);
  });

  it("says SIMULATED also where nothing is steady enough to be ranked", () => {
    const summary = { simulated: true };
    const records = [40, 60, 90].map((speed) => sampleRecord({ speed, summary }));
    const asked = { taskCategory: undefined, sortBy: "tokens_per_sec" } as const;
    const text = comparisonTable(compare({ records, ...asked }), asked, NOW, NARROW);
    expect(text).toMatch(/^SIMULATED Benchmark Comparison\n/);
  });

  it("adds tests, runs, VMs and age where there is room", () => {
    const text = comparisonTable(
      answer,
      { taskCategory: "context_heavy", sortBy: "cost_efficiency" },
      NOW,
      UNLIMITED,
    );
    expect(text).toContain("Category: Context Heavy");
    expect(text).toMatch(/rtx6000-2 .* 12\/12 │ +3 │ +\? │ +2 weeks ago/);
  });
});

const NOTHING_STALE = { entries: [], all: undefined, left: [] };

describe("the coverage text", () => {
  it("names which configurations are High, stale and missing, so that grep finds them", () => {
    const text = coverageText(
      { ...coverage(fixture, NOW, 30), without: [] },
      NOTHING_STALE,
      NOW,
      UNLIMITED,
    );
    const lines = text.split("\n");
    expect(
      lines.filter((line) => line.includes("High")).some((line) => line.includes("rtx6000-2")),
    ).toBe(true);
    expect(text).toMatch(/Coder-14B-AWQ .*2026-07-01 4 months ago \(stale\)/);
    expect(text).toMatch(/GPU types tested: \d+\/13/);
    expect(text).toContain("Missing GPU types:");
    expect(text).toContain(
      "Confidence (passes: 3+ High, 2 Medium, 1 Low): High: 1, Medium: 1, Low: 2",
    );
  });

  it("says so when there is nothing", () => {
    expect(
      coverageText({ ...coverage([], NOW, 30), without: [] }, NOTHING_STALE, NOW, NARROW),
    ).toContain("No configurations tested yet.");
  });
});
