import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { viewKind } from "../../../src/cli/output/choose-view.ts";
import { eventText } from "../../../src/cli/output/event-text.ts";
import { liveView } from "../../../src/cli/output/live.ts";
import { liveLines, minutesLeft, nextBilledHour } from "../../../src/cli/output/live-lines.ts";
import { ndjsonView } from "../../../src/cli/output/ndjson.ts";
import { plainView } from "../../../src/cli/output/plain.ts";
import { foldProgress } from "../../../src/run-state/fold-progress.ts";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import type { Fact, SweepEvent } from "../../../src/journal/events.ts";
import { sampleRecord } from "../../results/sample-record.ts";
import { START_MS, journalOf, labelOf, opened, reserved } from "./sample-events.ts";

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct";
const label = labelOf(1);
const started: readonly (readonly [number, Fact])[] = [
  [0, opened()],
  [0, reserved(1)],
  [
    0,
    {
      type: "create.intended",
      label,
      gpu: "g2-gpu-rtx4000a1-s",
      region: "us-ord",
      price_micro_usd: 520_000,
    },
  ],
  [1, { type: "create.sent", label }],
  [1, { type: "create.acknowledged", label, vm_id: 77, ipv4: "127.64.0.1" }],
  [3, { type: "boot.running", label, seconds: 125 }],
];
const measuring: readonly (readonly [number, Fact])[] = [
  ...started,
  [
    9,
    {
      type: "server.starting",
      label,
      model: MODEL,
      image: "vllm/vllm-openai:v0.27.1",
      max_model_len: 32768,
    },
  ],
  [12, { type: "pass.started", label, model: MODEL, pass: 2, passes: 3, tests: 12 }],
  [
    13,
    {
      type: "test.finished",
      label,
      model: MODEL,
      pass: 2,
      test: "Code review",
      category: "coding",
      index: 7,
      tests: 12,
      outcome: "measured",
      tokens_per_sec: 52.06,
      ttft_s: 0.2,
      reason: null,
    },
  ],
];

const collect = () => {
  const texts: string[] = [];
  return { texts, sink: { write: (text: string) => texts.push(text) } };
};

describe("the choice of a view", () => {
  const terminal = { json: false, quiet: false, ci: false, isTTY: true, term: "xterm" };
  it.each([
    [terminal, "live"],
    [{ ...terminal, isTTY: false }, "plain"],
    [{ ...terminal, ci: true }, "plain"],
    [{ ...terminal, term: "dumb" }, "plain"],
    [{ ...terminal, quiet: true }, "quiet"],
    [{ ...terminal, json: true, quiet: true }, "ndjson"],
  ] as const)("%j gives %s", (options, kind) => {
    expect(viewKind(options)).toBe(kind);
  });
});

describe("the plain view", () => {
  it("prints a line with time and place for what is worth telling, and nothing for details", () => {
    const { texts, sink } = collect();
    const view = plainView(sink, { quiet: false, colour: false });
    for (const event of journalOf(measuring)) view.show(event);
    expect(texts).toEqual([
      "10:00:00 SIMULATED: no account, no money. run 1a2b3c4d of full-coverage: 2 rentals, 2 configurations, 3 passes each, 2 at once; cap $60.00, likely $5.00, at worst $9.00\n",
      `10:00:00 [${label} g2-gpu-rtx4000a1-s] reserved $1.56 (3 hours) for a VM in us-ord\n`,
      `10:01:00 [${label} g2-gpu-rtx4000a1-s] VM 77 created at 127.64.0.1, booting\n`,
      `10:03:00 [${label} g2-gpu-rtx4000a1-s] running after 2 min 5 s\n`,
      `10:09:00 [${label} g2-gpu-rtx4000a1-s ${MODEL}] starting vllm/vllm-openai:v0.27.1\n`,
      `10:12:00 [${label} g2-gpu-rtx4000a1-s ${MODEL}] pass 2 of 3, 12 tests\n`,
    ]);
  });

  it("keeps terminal codes and line ends of foreign texts out of its line", () => {
    const { texts, sink } = collect();
    const view = plainView(sink, { quiet: false, colour: false });
    const [event] = journalOf([
      [
        0,
        { type: "rental.failed", label, stage: "boot", reason: "bad\n\u001b[31mred\u0007\r\nend" },
      ],
    ]);
    if (event !== undefined) view.show(event);
    expect(texts).toEqual([`10:00:00 [${label}] failed (boot): bad red end\n`]);
  });

  it("prints warnings alone when it is quiet, and colours them only when told", () => {
    const facts: readonly (readonly [number, Fact])[] = [
      ...measuring,
      [20, { type: "pass.void", label, model: MODEL, pass: 2, reason: "the GPU throttled" }],
    ];
    const { texts, sink } = collect();
    const quiet = plainView(sink, { quiet: true, colour: false });
    for (const event of journalOf(facts)) quiet.show(event);
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain("pass 2 is void and is run again: the GPU throttled");
    const coloured = plainView(sink, { quiet: true, colour: true });
    for (const event of journalOf(facts)) coloured.show(event);
    expect(texts[1]).toContain("\u001b[33m");
  });
});

describe("the tests that a pass had measured", () => {
  const pass = { label, model: MODEL, pass: 2 } as const;
  const started = { type: "pass.started", ...pass, passes: 3, tests: 12 } as const;
  const finished = (index: number, rate: number): Fact => ({
    type: "test.finished",
    ...pass,
    test: `coding_${String(index)}`,
    category: "coding",
    index,
    tests: 12,
    outcome: "measured",
    tokens_per_sec: rate,
    ttft_s: 0.25,
    reason: null,
  });
  const linesOf = (last: Fact, quiet = false): string[] => {
    const { texts, sink } = collect();
    const view = plainView(sink, { quiet, colour: false });
    const facts = [started, finished(1, 40), finished(2, 50), last];
    for (const event of journalOf(facts.map((fact, index) => [index, fact]))) view.show(event);
    return texts.map((text) => text.replace(/^\S+ \[.+\] /, ""));
  };
  const tests = [
    "test 1/12 coding_1: 40.0 tokens/s, first token 0.25 s\n",
    "test 2/12 coding_2: 50.0 tokens/s, first token 0.25 s\n",
  ];
  const record = sampleRecord();
  const reasons = ["the server did not answer"];

  it.each([
    ["void", { type: "pass.void", ...pass, reason: "SSH was lost" }],
    ["failed", { type: "pass.failed", ...pass, record, reasons }],
  ] as const)("are printed before the line that says it is %s", (_, last) => {
    const [first, ...others] = linesOf(last);
    expect(first).toBe("pass 2 of 3, 12 tests\n");
    expect(others.slice(0, 2)).toEqual(tests);
    expect(others).toHaveLength(3);
  });

  it("are not printed for a sound pass, nor by a quiet view", () => {
    const sound: Fact = { type: "pass.finished", ...pass, record };
    expect(linesOf(sound)).toHaveLength(2);
    expect(linesOf({ type: "pass.void", ...pass, reason: "SSH was lost" }, true)).toHaveLength(1);
  });
});

describe("the NDJSON view", () => {
  it("prints every event as it stands, one line each", () => {
    const { texts, sink } = collect();
    const view = ndjsonView(sink);
    const record = sampleRecord();
    const events = journalOf([
      ...measuring,
      [30, { type: "pass.finished", label, model: MODEL, pass: 2, record }],
    ]);
    for (const event of events) view.show(event);
    expect(
      texts.every((text) => text.endsWith("\n") && text.indexOf("\n") === text.length - 1),
    ).toBe(true);
    expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(events);
  });
});

function linesOf(events: readonly SweepEvent[], nowMs: number, expectedMinutes?: number) {
  return liveLines(foldRun(events), foldProgress(events), nowMs, expectedMinutes);
}

describe("the live lines", () => {
  it("tell stage, model, test and speed of each rental, and the money, time and hour below", () => {
    const { rentals, footer } = linesOf(journalOf(measuring), START_MS + 14 * 60_000, 90);
    expect(rentals.map(({ text }) => text)).toEqual([
      "▸  1 rtx4000a1-s  Coder-7B                   pass 2/3 test 7/12 52.1 tok/s",
      "·  2                                         waiting",
    ]);
    expect(footer).toEqual([
      "SIMULATED  spent $0.52  reserved $1.04  left $58.44 of $60.00",
      "0 of 6 passes  about 76 min left  next billed hour in 47 min",
    ]);
  });

  it("name the model that a VM works on, and before and after that the first of its models", () => {
    const models = [MODEL, "openai/gpt-oss-20b", "Qwen/Qwen3-8B"];
    const facts = [
      [0, opened({ rentals: 1 })],
      [0, reserved(1, undefined, models)],
    ] as const;
    const boot = [[1, { type: "create.sent", label }]] as const;
    const serving = [
      [9, { type: "server.starting", label, model: models[1] ?? "", image: "i", max_model_len: 1 }],
    ] as const;
    const gone = [[20, { type: "rental.gone", label }]] as const;
    const shown = (more: readonly (readonly [number, Fact])[]) =>
      linesOf(journalOf([...facts, ...more]), START_MS + 600_000).rentals[0]?.text.slice(18, 44);
    expect(shown(boot)).toMatch(/^Coder-7B \+2 /);
    expect(shown([...boot, ...serving])).toMatch(/^gpt-oss-20b /);
    expect(shown([...boot, ...serving, ...gone])).toMatch(/^Coder-7B \+2 /);
  });

  it("count the passes of a plan whose entries differ in them", () => {
    const { footer } = linesOf(journalOf([[0, opened({ totalPasses: 5 })]]), START_MS);
    expect(footer[1]).toMatch(/^0 of 5 passes/);
    const [event] = journalOf([[0, opened({ totalPasses: 5 })]]);
    expect(event && eventText(event)?.text).toContain("2 configurations, 5 passes, ");
    const [uniform] = journalOf([[0, opened({ totalPasses: 6 })]]);
    expect(uniform && eventText(uniform)?.text).toContain("2 configurations, 3 passes each, ");
  });

  it("do not show as failed what the user stopped", () => {
    const reason = "stopped by SIGINT";
    const stopped: (readonly [number, Fact])[] = [
      ...started,
      [5, { type: "rental.failed", label, stage: "measuring", reason }],
      [
        5,
        {
          type: "configuration.finished",
          label,
          gpu: "g2-gpu-rtx4000a1-s",
          model: MODEL,
          state: "failed",
          passes: 1,
          reason,
        },
      ],
      [7, { type: "rental.gone", label }],
    ];
    const events = journalOf(stopped);
    expect(linesOf(events, START_MS + 600_000).rentals[0]?.tone).toBe("done");
    const texts = events.slice(-3, -1).map((event) => eventText(event));
    expect(texts).toEqual([
      { text: "stopped (measuring)", tone: "note" },
      { text: "stopped, 1 sound pass", tone: "note" },
    ]);
  });

  it("stay within 78 columns and 20 rows with thirteen rentals of the longest names", () => {
    const facts: (readonly [number, Fact])[] = [[0, opened({ rentals: 13 })]];
    for (let seq = 1; seq <= 13; seq += 1) {
      const one = labelOf(seq);
      const model = "Qwen/Qwen3-Coder-480B-A35B-Instruct-Some-Long-Quantization-AWQ";
      facts.push(
        [0, reserved(seq, "g3-gpu-rtxpro6000-blackwell-8", [model])],
        [1, { type: "create.sent", label: one }],
        [2, { type: "pass.started", label: one, model, pass: 3, passes: 3, tests: 12 }],
        [
          3,
          {
            type: "test.finished",
            label: one,
            model,
            pass: 3,
            test: "Architecture explanation",
            category: "context_heavy",
            index: 12,
            tests: 12,
            outcome: "measured",
            tokens_per_sec: 1234.56,
            ttft_s: 0.2,
            reason: null,
          },
        ],
      );
    }
    const { rentals, footer } = linesOf(journalOf(facts), START_MS + 600_000, 400);
    expect(rentals).toHaveLength(13);
    for (const { text } of [...rentals, ...footer.map((text) => ({ text }))])
      expect(text.length).toBeLessThanOrEqual(78);
    expect(rentals.length + footer.length).toBeLessThanOrEqual(20);
    expect(rentals[12]?.text).toContain("pass 3/3 test 12/12 1234.6 tok/s");
  });

  it.each([
    [30e9, 45.6e9, "30.0/45.6 GB 500 MB/s 1 min left"],
    [54e9, 145.2e9, "54.0/145.2 GB 900 MB/s 2 min left"],
    [3e9, null, "weights 3.0 GB 50 MB/s"],
  ])("tell %d bytes of weights with their rate and the time that is left", (bytes, total, says) => {
    const model = "a/b";
    const { rentals } = linesOf(
      journalOf([
        ...started,
        [20, { type: "server.starting", label, model, image: "i", max_model_len: 1 }],
        [
          21,
          { type: "server.progressed", label, model, stage: "download", bytes, total_bytes: total },
        ],
      ]),
      START_MS + 21 * 60_000,
    );
    expect(rentals[0]?.text).toContain(says);
    expect(rentals[0]?.text.length).toBeLessThanOrEqual(78);
  });

  it("show an entry that was never started, a failure, and a bill", () => {
    const state = foldRun(
      journalOf([
        ...started,
        [5, { type: "rental.failed", label, stage: "boot", reason: "no SSH" }],
        [6, { type: "destroy.intended", label, reason: "failed" }],
        [7, { type: "rental.gone", label }],
        [7, { type: "rental.settled", label, hours: 1, micro_usd: 520_000, usd: 0.52 }],
        [
          8,
          {
            type: "entry.not_started",
            rental: 2,
            gpu: "g1-gpu-rtx6000-1",
            models: [MODEL],
            reason: "budget",
          },
        ],
      ]),
    );
    const { rentals } = liveLines(state, new Map(), START_MS + 600_000);
    expect(rentals.map(({ tone }) => tone)).toEqual(["failed", "failed"]);
    expect(rentals[0]?.text).toMatch(/^✖ {2}1 .* 1 h \$0\.52, no SSH$/);
    expect(rentals[1]?.text).toMatch(/^✖ {2}2 rtx6000-1 .* not started: budget$/);
    expect(nextBilledHour(state.rentals.values(), START_MS)).toBeUndefined();
  });

  it("estimate the time that is left from the passes when the estimate is used up", () => {
    const record = sampleRecord();
    const state = foldRun(
      journalOf([
        [0, opened()],
        [30, { type: "pass.finished", label, model: MODEL, pass: 1, record }],
      ]),
    );
    expect(minutesLeft(state, START_MS + 30 * 60_000, 20)).toBe(150);
    expect(minutesLeft(state, START_MS + 30 * 60_000, 45)).toBe(15);
    expect(
      minutesLeft(foldRun(journalOf([[0, opened()]])), START_MS + 60_000, undefined),
    ).toBeUndefined();
  });
});

describe("the texts of events", () => {
  it("are one line for every event that has one, and never hold `undefined`", () => {
    for (const event of journalOf(measuring)) {
      const told = eventText(event);
      expect(told?.text ?? "").not.toMatch(/undefined|NaN|\n/);
    }
  });
});

describe("the live view", () => {
  it("draws on stderr through listr2 with warnings as they come, holds back what others print, and leaves no signal listener", async () => {
    const terminal = (): NodeJS.WriteStream & { seen: () => string } => {
      const stream = new PassThrough();
      const chunks: string[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
      return Object.assign(stream, {
        isTTY: true,
        columns: 80,
        rows: 30,
        seen: () => chunks.join(""),
      }) as never;
    };
    const stderr = terminal();
    const stdout = terminal();
    const before = process.listenerCount("SIGINT");
    const exits = process.listenerCount("exit");
    const view = liveView({
      json: false,
      quiet: false,
      ci: false,
      colour: false,
      stdout,
      stderr,
      now: () => START_MS + 14 * 60_000,
    });
    for (const event of journalOf(measuring)) view.show(event);
    view.tick?.(START_MS + 14 * 60_000);
    await vi.waitFor(() => {
      view.tick?.(START_MS + 14 * 60_000);
      expect(stderr.seen()).toContain("pass 2/3 test 7/12 52.1 tok/s");
    });
    const remedy = "run maider-sweep recover with a new token of the same user";
    view.warn?.(`${label}: the API refuses this token: Invalid Token; ${remedy}`);
    await vi.waitFor(() => {
      view.tick?.(START_MS + 14 * 60_000);
      expect(stderr.seen().replaceAll(/\s+/g, " ")).toContain("with a new token of the same user");
    });
    expect(process.listenerCount("SIGINT")).toBe(before);
    stdout.write("said meanwhile\n");
    expect(stdout.seen()).not.toContain("said meanwhile");
    await view.close();
    expect(`${stdout.seen()}${stderr.seen()}`).toContain("said meanwhile");
    expect(stderr.seen()).toContain("\u001b[?25h");
    expect(stderr.seen()).toContain(`Invalid Token; ${remedy}\n`);
    expect(process.listenerCount("exit")).toBe(exits);
  });
});
