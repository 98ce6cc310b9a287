import { describe, expect, it } from "vitest";
import type { LoadResult, LoadResult01 } from "../../src/evidence/load-result.ts";
import type { Fact } from "../../src/journal/events.ts";
import { UNLIMITED, type TableStyle } from "../../src/report/render-table.ts";
import { sweepSummary } from "../../src/report/sweep-summary.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { foldLedger } from "../../src/run-state/ledger.ts";
import { START_MS, journalOf, labelOf, opened, reserved } from "../cli/output/sample-events.ts";
import { sampleRecord } from "../results/sample-record.ts";

const NARROW = { width: 80, colour: false };
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

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
type State = ReturnType<typeof run>;
const summary = (state: State, style: TableStyle = NARROW, details = false): string =>
  sweepSummary(
    {
      state,
      ledger: foldLedger(state, START_MS + 40 * 60_000),
      nowMs: START_MS + 40 * 60_000,
      folder: "/state/runs/x",
      database: "/cache/db.json",
      where: " --db db.json",
      details,
    },
    style,
  );
const detailed = (state: State): string => summary(state, UNLIMITED, true);
/** The label and text of each line of the verdict. */
const verdict = (text: string): readonly (readonly string[])[] =>
  (text.trimEnd().split("\n\n").at(-1) ?? "").split("\n").map((line) => line.split(/ {2,}/));
const withSummary = (fact: Fact, more: object): Fact => {
  if (fact.type !== "pass.finished") return fact;
  return { ...fact, record: { ...fact.record, summary: { ...fact.record.summary, ...more } } };
};
const measured = (
  model: string,
  gpuType: string,
  speed: number,
  hourly: number,
  more = {},
): Fact[] => [
  ...[0.999, 1, 1.001].map((factor, index): Fact => ({
    type: "pass.finished",
    label,
    model,
    pass: index + 1,
    record: sampleRecord({ model, gpu: gpuType, speed: speed * factor, hourly, ...more }),
  })),
  {
    type: "configuration.finished",
    label,
    gpu: gpuType,
    model,
    state: "measured",
    passes: 3,
    reason: null,
  },
];
const at = (minute: number, facts: readonly Fact[]): (readonly [number, Fact])[] =>
  facts.map((fact) => [minute, fact] as const);

describe("the end of a sweep", () => {
  it("lists what was measured, fastest first, then what was not and why", () => {
    const text = summary(
      run([
        ...at(10, measured(MODEL, gpu, 50, 0.52)),
        ...at(20, measured("openai/gpt-oss-20b", gpu, 80, 0.52)),
        ...finished.slice(4),
      ]),
    );
    expect(text).toMatch(
      /rtx4000a1-s │ gpt-oss-20b │ 80\.0 \S+ │ 1\.81 .*\n.*rtx4000a1-s │ Coder-7B +│ 50\.0 \S+ │ 2\.89 │ 0\.21s │ +3 │ measured/,
    );
    expect(text).toMatch(/rtx4000a1-s │ Big-70B +│ +- │ +- │ +- │ +0 │ failed/);
    expect(text).toMatch(/rtx6000-1 +│ Coder-7B +│ +- .* not started/);
    expect(summary(run(finished), UNLIMITED)).toContain(
      "\n\nNot measured\n  rtx4000a1-s Big-70B: failed, 0 sound passes: vLLM did not start: out of memory: CUDA OOM; a larger GPU (log: x.log)\n  rtx6000-1 Coder-7B: not started: budget: needs $9.00\n\n",
    );
  });

  it("ends in the fastest, the cheapest, the best for each task, the money and the next command", () => {
    const text = summary(
      run([
        ...at(10, measured(MODEL, gpu, 50, 0.52)),
        ...at(20, measured("openai/gpt-oss-20b", "g2-gpu-rtx4000a4-s", 80, 2.96)),
        ...finished.slice(-3),
      ]),
      UNLIMITED,
    );
    expect(verdict(text)).toEqual([
      ["Fastest", "rtx4000a4-s gpt-oss-20b: 80.0 tokens/s"],
      ["Cheapest", "rtx4000a1-s Coder-7B: $2.89 per 1M tokens"],
      ["Best for all tasks", "rtx4000a1-s Coder-7B"],
      ["Spent", "$0.52 of the $60.00 cap for 1 hour on 1 VM (SIMULATED)"],
      ["Next", "maider-sweep report --simulate --db db.json --open"],
    ]);
  });

  it("names each task's own winner, and has six entries at most", () => {
    const figures = (speed: number) => ({
      avg_tokens_per_sec: speed,
      total_time: 1,
      total_tokens: 1,
      cost_per_1k_tokens: 1,
      tests_passed: 4,
      tests_total: 4,
    });
    const results = (coding: number, context: number, reasoning: number) => ({
      results: {
        coding: figures(coding),
        context_heavy: figures(context),
        reasoning: figures(reasoning),
      },
    });
    const text = summary(
      run([
        ...at(10, measured(MODEL, gpu, 50, 0.52, results(90, 10, 10))),
        ...at(20, measured("openai/gpt-oss-20b", gpu, 51, 0.52, results(10, 90, 10))),
        ...at(30, measured("Qwen/Qwen3-8B", gpu, 52, 0.6, results(10, 10, 90))),
      ]),
      UNLIMITED,
    );
    const lines = verdict(text);
    expect(lines).toHaveLength(6);
    expect(lines.slice(2, 4)).toEqual([
      ["Best for coding", "rtx4000a1-s Coder-7B"],
      ["Best for context-heavy; reasoning", "rtx4000a1-s gpt-oss-20b; rtx4000a1-s Qwen3-8B"],
    ]);
  });

  it("does not call the fastest alone at the top if passes show no difference", () => {
    const text = summary(
      run([
        ...at(10, measured(MODEL, gpu, 50, 0.52)),
        ...at(20, measured("openai/gpt-oss-20b", gpu, 50.2, 0.52)),
      ]),
      UNLIMITED,
    );
    expect(text).toMatch(
      /Fastest +\S+ gpt-oss-20b: 50\.2 tokens\/s \(no difference shown to 1 other\)/,
    );
  });

  it("says what the user stopped, and how to continue, and calls none of it a failure", () => {
    const reason = "stopped by SIGINT";
    const text = summary(
      run([
        [20, pass(1, 50)],
        [21, { type: "run.stopping", reason }],
        [22, { type: "pass.void", label, model: MODEL, pass: 2, reason }],
        [22, { type: "rental.failed", label, stage: "measuring", reason }],
        [
          23,
          {
            type: "configuration.finished",
            label,
            gpu,
            model: MODEL,
            state: "failed",
            passes: 1,
            reason,
          },
        ],
        ...finished.slice(6, 9),
        [35, { type: "run.closed", exit_code: 130, state: "interrupted" }],
      ]),
      UNLIMITED,
      true,
    );
    expect(text).toMatch(/Coder-7B .*50\.0 .* stopped/);
    expect(text).toContain("Stopped on request before 1 configuration was complete.");
    expect(text).not.toMatch(/fail|void|SIGINT/i);
    expect(verdict(text).at(-1)).toEqual([
      "Next",
      expect.stringMatching(/^maider-sweep run --resume \w{8}$/),
    ]);
  });

  it("adds throughput and price at the highest load", () => {
    const level: LoadResult = {
      in_flight: 4,
      requests: 8,
      failed: 0,
      out_tps: 200,
      per_user_tps: 50,
      verdict: "sound",
      reasons: [],
    };
    const text = summary(
      run([
        ...at(10, measured(MODEL, gpu, 50, 0.72, { summary: { load: [level] } })),
        ...at(20, measured("openai/gpt-oss-20b", gpu, 80, 0.72)),
      ]),
      UNLIMITED,
    );
    expect(text).toMatch(/│ +4 at once │ +\$\/1M │/);
    expect(text).toMatch(/Coder-7B +│[^│]+│ +4\.00 │ +200\.0 │ +1\.00 │/);
    expect(text).toMatch(/gpt-oss-20b +│[^│]+│ +2\.50 │ +- │ +- │/);
  });

  it("counts passes that were not sound, without their reasons", () => {
    const text = summary(
      run([
        [15, { type: "pass.void", label, model: MODEL, pass: 1, reason: "the clock jumped" }],
        ...finished,
      ]),
    );
    expect(text).toContain("1 pass was void or failed: see maider-sweep logs ");
    expect(text).not.toContain("the clock jumped");
  });

  it("keeps to 80 columns, and shows both ends of the interval where there is room", () => {
    expect(widest(summary(run(finished)))).toBeLessThanOrEqual(80);
    expect(summary(run(finished))).toMatch(/50\.2 ±1\.2%/);
    expect(summary(run(finished), UNLIMITED)).toMatch(/50\.2 \(49\.\d-50\.\d\)/);
  });

  it("says SIMULATED with results and money alike, and never of a real run", () => {
    expect(summary(run(finished)).match(/SIMULATED/g)).toHaveLength(2);
    expect(detailed(run(finished, null))).not.toContain("SIMULATED");
  });

  it("shows what was measured before a rental was cut short, and what is still reserved", () => {
    const text = summary(run([[20, pass(1, 50)]]), UNLIMITED);
    expect(text).toMatch(/Coder-7B │ +50\.0 .*cut short/);
    expect(text).toContain("$0.52 of the $60.00 cap for 1 hour on 1 VM, $1.04 still reserved");
  });

  it("says so when nothing was measured", () => {
    expect(summary(run([]))).toContain("nothing was measured");
  });

  it("says which tests do not fit the window", () => {
    expect(summary(run(misfits))).toContain("measured, 1 n/a");
  });
});

const misfits: readonly (readonly [number, Fact])[] = (() => {
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
  return [[20, { ...fact, record }], ...finished.slice(3)];
})();

describe("the end of a sweep with --details", () => {
  it("has the bill of each VM, every failure, the database and the folder", () => {
    const text = detailed(run(finished));
    expect(text).toMatch(/us-ord +│ +1 │ +\$0\.52 │ +\$0\.52 │ gone/);
    expect(text).toContain("billed $0.52, cap $60.00, left $59.48");
    expect(text).toContain(
      "g2-gpu-rtx4000a1-s Qwen/Big-70B: vLLM did not start: out of memory: CUDA OOM; a larger GPU (log: x.log)",
    );
    expect(text).toContain("Results: /cache/db.json\nJournal and logs: /state/runs/x");
    expect(summary(run(finished))).not.toContain("gone");
  });

  it("has the cost of a million tokens: $0.52 over 50.2 tokens/s, over 45 minutes of them, and as billed over 6,028 tokens", () => {
    const facts = finished.map(
      ([minute, fact]) => [minute, withSummary(fact, { start_up_s: 900 })] as const,
    );
    expect(detailed(run(facts))).toContain(
      `${gpu} ${MODEL}: steady $2.88, cold start $3.84 (first hour, 15 min to start up), as billed $86.26 (whole hours, 6,028 tokens)`,
    );
  });

  it("has throughput and the speed for one user at each load, medians over the sound passes of version 0.1", () => {
    const level = { requests: 40, failed: 0, ttft_s: 0.1, tpot_s: 0.02 };
    const loaded = finished.map(([minute, fact], index) => {
      const load: LoadResult01[] = [
        { ...level, concurrency: 4, out_tps: 180 + index, per_user_tps: 46 },
        { ...level, concurrency: 16, out_tps: 600, per_user_tps: 40, failed: index },
      ];
      return [minute, withSummary(fact, { load })] as const;
    });
    expect(detailed(run(loaded))).toMatch(
      /Coder-7B │ +4 │ +181\.0 │ +46\.0 │ 0\.80 │ 100ms │ +3 │\n.*Coder-7B │ +16 │ +600\.0 │ +40\.0 │ 0\.24 │ 100ms │ 1 of 3 │/,
    );
  });

  it("takes no figure from a load at which no request succeeded", () => {
    const nothing = { requests: 40, out_tps: 0, per_user_tps: 0, ttft_s: 0, tpot_s: 0, failed: 40 };
    const good = { ...nothing, out_tps: 180, per_user_tps: 46, failed: 0 };
    const loaded = finished.map(([minute, fact], index) => {
      const load: LoadResult01[] = [
        { ...(index === 1 ? good : nothing), concurrency: 4 },
        { ...nothing, concurrency: 16 },
      ];
      return [minute, withSummary(fact, { load })] as const;
    });
    expect(detailed(run(loaded))).toMatch(
      /Coder-7B │ +4 │ +180\.0 │ +46\.0 │ 0\.80 │ +0ms │ 1 of 3 │\n.*Coder-7B │ +16 │ +- │ +- │ +- │ +- │ 0 of 3 │/,
    );
  });

  it("says why tests do not fit the window", () => {
    expect(detailed(run(misfits))).toContain(
      "Architecture explanation: the prompt has 16377 tokens, the reply 800, the window 8192",
    );
  });
});
