import { describe, expect, it } from "vitest";
import { NO_PROGRESS } from "../../../src/run-state/fold-progress.ts";
import { newRental } from "../../../src/run-state/fold-rental.ts";
import type { RentalState } from "../../../src/run-state/run-state.ts";
import { runText } from "../../../src/cli/output/status-text.ts";
import type { LocatedRun } from "../../../src/run/run-folder/read-runs.ts";

const NOW = Date.UTC(2026, 10, 24, 12, 0);
const MINUTE = 60_000;

function rental(seq: number, changes: Partial<RentalState>): RentalState {
  const reserved = {
    label: `mds-oetyjd9g-00${String(seq)}-pp7c-xtp0xl2`,
    rental: seq,
    gpu: "g3-gpu-rtxpro6000-blackwell-4",
    region: "ca-central",
    models: [],
    price_micro_usd: 12_000_000,
    hours: 3,
    micro_usd: 36_000_000,
    deadline: "",
    expires: "",
    host_key: "",
  };
  return { ...newRental(reserved, NOW - 90 * MINUTE), ...changes };
}

const rentals = [
  rental(1, {
    stage: "measuring",
    createSentMs: NOW - 87 * MINUTE,
  }),
  rental(2, { stage: "reserved" }),
  rental(3, {
    stage: "settled",
    failure: "its deadline was reached",
    settled: { hours: 1, microUsd: 12_000_000 },
  }),
];
const progress = {
  ...NO_PROGRESS,
  pass: 2,
  passes: 3,
  testIndex: 11,
  tests: 12,
  tokensPerSec: 45.3,
};
const run: LocatedRun = {
  run: "oetyjd9g",
  state: "running",
  pid: 4711,
  guard_pid: 4712,
  cap_usd: 120,
  spent_usd: 36,
  reserved_usd: 24,
  damaged: false,
  rentals: [],
  simulated: false,
  session: false,
  plan: "coding-shortlist",
  started: "2026-11-24T10:30:12.345Z",
  ended: null,
  measured: 1,
  configurations: 3,
  passes: 4,
  fastest: {
    gpu: "g2-gpu-rtx4000a1-s",
    model: "Qwen/Qwen2.5-Coder-7B-Instruct",
    tokens_per_sec: 45.34,
  },
  allRentals: rentals,
  progress: new Map([[rentals[0]?.label ?? "", progress]]),
  nowMs: NOW,
};

const BRIEF = { full: false, width: 80 };
const FULL = { full: true, width: 80 };

describe("a run in words", () => {
  it("says that its journal is damaged", () => {
    expect(runText(run, BRIEF)).not.toContain("damaged");
    expect(runText({ ...run, damaged: true }, BRIEF)).toContain("its journal is damaged");
  });

  it("begins with plan, dates and result", () => {
    expect(runText(run, BRIEF).split("\n").slice(0, 4)).toEqual([
      "oetyjd9g  coding-shortlist  running",
      "  started 2026-11-24 10:30 UTC",
      "  measured 1 of 3 configurations, 4 sound passes",
      "  fastest: Coder-7B on rtx4000a1-s, 45.3 tokens/s",
    ]);
  });

  it("keeps to 80 columns, and has money, stages, hours, cost and when the next hour begins", () => {
    const text = runText(run, BRIEF);
    expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text).toContain("$36.00 spent, $24.00 reserved, $60.00 left of $120.00");
    expect(text).toContain("process 4711, guard 4712");
    expect(text).toContain("next billed hour in 33 min");
    expect(text).toMatch(/001-pp7c-xtp0xl2 .*pass 2\/3 test 11\/12 +2 +\$24\.00$/m);
    expect(text).toMatch(/tp0xl2 .*reserved.* 0 +\$0\.00$/m);
  });

  it("counts deleted VMs, and lists them with their failures when the run was named", () => {
    expect(runText(run, BRIEF)).toContain("1 VM confirmed deleted");
    expect(runText(run, BRIEF)).not.toContain("003-pp7c");
    const text = runText(run, FULL);
    expect(text).toMatch(/003-pp7c-xtp0xl2 .*deleted, failed +1 +\$12\.00$/m);
    expect(text).toContain("mds-oetyjd9g-003-pp7c-xtp0xl2: its deadline was reached");
  });

  it("of a run that has ended gives its end, and the cap without a reservation", () => {
    const ended = {
      ...run,
      state: "finished",
      pid: null,
      guard_pid: null,
      allRentals: [],
    } as const;
    const text = runText({ ...ended, ended: "2026-11-24T11:02:00.000Z", reserved_usd: 0 }, BRIEF);
    expect(text).toContain("started 2026-11-24 10:30, ended 2026-11-24 11:02 UTC");
    expect(text).toContain("$36.00 spent of $120.00");
  });

  it("of a VM that was left up names the session, and no measured configurations", () => {
    const text = runText({ ...run, session: true, plan: "gpt-oss-20b" }, BRIEF);
    expect(text).toMatch(/^oetyjd9g {2}session gpt-oss-20b {2}running$/m);
    expect(text).not.toContain("configuration");
  });

  it("names the command that destroys what may still be billed", () => {
    expect(runText({ ...run, state: "unresolved" }, BRIEF)).toContain("maider-sweep recover");
  });

  it("marks what is simulated", () => {
    expect(runText({ ...run, simulated: true }, BRIEF)).toMatch(/^oetyjd9g .* SIMULATED$/m);
  });
});
