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
  journal: rentals,
  progress: new Map([[rentals[0]?.label ?? "", progress]]),
  nowMs: NOW,
};

describe("a run in words", () => {
  it("says that its journal is damaged", () => {
    expect(runText(run, false, 80)).not.toContain("damaged");
    expect(runText({ ...run, damaged: true }, false, 80)).toContain("its journal is damaged");
  });

  it("keeps to 80 columns, and tells money, stages and when the next hour begins", () => {
    const text = runText(run, false, 80);
    expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text).toContain("$36.00 spent, $24.00 reserved, $60.00 left of $120.00");
    expect(text).toContain("process 4711, guard 4712");
    expect(text).toMatch(/001-pp7c-xtp0xl2 .*pass 2\/3 test 11\/12 +33 min/);
    expect(text).toMatch(/002-pp7c-xtp0xl2 .*reserved.* -$/m);
  });

  it("counts what is confirmed deleted, and lists it when the run is asked for by name", () => {
    expect(runText(run, false, 80)).toContain("1 VM confirmed deleted");
    expect(runText(run, false, 80)).not.toContain("003-pp7c");
    expect(runText(run, true, 80)).toMatch(/003-pp7c-xtp0xl2 .*1 h \$12\.00, failed/);
  });

  it("names the command that settles what may still be billed", () => {
    expect(runText({ ...run, state: "unresolved" }, false, 80)).toContain("maider-sweep recover");
  });

  it("marks what is simulated", () => {
    expect(runText({ ...run, simulated: true }, false, 80)).toMatch(
      /^oetyjd9g +running +SIMULATED$/m,
    );
  });
});
