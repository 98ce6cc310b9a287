import { setTimeout as later } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { expectStopped, journalOf, leftIn } from "../scenarios/watched-sweep.ts";
import type { SweepRun } from "../simulated/sweep-run.ts";
import {
  interruptAtRandom,
  promised,
  sweepInTerminal,
  terminalWorld,
  untilOver,
} from "./terminal-signals.ts";

async function untilJournaled(rig: SweepRun, type: string): Promise<void> {
  await expect
    .poll(() => journalOf(rig).some((event) => event.type === type), { timeout: 60_000 })
    .toBe(true);
}

describe("Ctrl-C in a terminal, at moments that a seed chooses", () => {
  test.each([
    [1, 11],
    [1, 12],
    [2, 21],
    [2, 22],
    [3, 31],
    [3, 32],
  ])("%i times (seed %i): nothing is left", async (times, seed) => {
    expect(promised(times)).toContain(await interruptAtRandom(seed, times));
  });
});

test("a terminal that is closed is like one Ctrl-C: everything is destroyed, to the end", async () => {
  await using rig = await terminalWorld(4);
  const sweep = sweepInTerminal(rig);
  await untilJournaled(rig, "pass.finished");
  sweep.say("close");
  expect(await sweep.ended).toBe(130);
  await expectStopped(rig, journalOf(rig));
});

test.each([
  ["in the middle of a pass", "pass.started", []],
  [
    "while the API takes no DELETE",
    "pass.finished",
    [
      {
        match: { method: "DELETE", path: "^/linode/instances/" },
        count: -1,
        action: "status",
        status: 500,
      },
    ],
  ],
])("SIGTERM %s, SIGKILL 2.5 s later: the guard finishes", async (_name, at, faults) => {
  await using rig = await terminalWorld(5);
  await rig.faults(faults);
  const sweep = sweepInTerminal(rig);
  await untilJournaled(rig, at);
  sweep.say("term");
  await later(2_500);
  sweep.say("kill");
  expect(await sweep.ended).toBe(faults.length === 0 ? 130 : 137);
  expect((await leftIn(rig)).vms).toBe(faults.length === 0 ? 0 : 2);
  await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
  expect(await untilOver(rig)).toBe("interrupted");
  await expectStopped(rig, journalOf(rig));
});
