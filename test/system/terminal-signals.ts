import { setTimeout as later } from "node:timers/promises";
import { expect } from "vitest";
import { createRandom } from "../../src/simulator/world/random.ts";
import { expectStopped, journalOf, leftIn, statusOf } from "../scenarios/watched-sweep.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";
import { inTerminal, type InTerminal } from "./in-terminal.ts";

const PLAN = `version: 1
name: terminal
budget: { max_cost: 9, max_hours_per_rental: 2 }
concurrency: 2
suites: [coding]
passes: 6
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-m]
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;
/** About what the whole run takes, in real milliseconds. */
const LASTS_MS = 6_000;
/** Before that Node itself has not started. */
const STARTS_MS = 600;

export const terminalWorld = (seed: number): Promise<SweepRun> =>
  sweepRun(seed, "--speed", "90", "--delays", "0.1");

export const sweepInTerminal = (rig: SweepRun): InTerminal =>
  inTerminal(rig.env, "run", rig.plan(PLAN), "--simulate", rig.url);

/** Until nobody works on a run any more, neither the program nor its guard. */
export async function untilOver(rig: SweepRun): Promise<string | undefined> {
  const busy: readonly unknown[] = ["running", "stopping", "unresolved"];
  let state: string | undefined;
  await expect
    .poll(
      async () => {
        state = (await statusOf(rig))[0]?.state;
        return busy.includes(state);
      },
      { timeout: 90_000, interval: 300 },
    )
    .toBe(false);
  return state;
}

/** 0: it had ended before the first one came. Only the third leaves VMs to the guard. */
export const promised = (times: number): readonly number[] => (times >= 3 ? [0, 130, 6] : [0, 130]);

/**
 * Ctrl-C so many times at moments that the seed chooses; whatever the moments are, nothing is left.
 * @returns the exit code.
 */
export async function interruptAtRandom(seed: number, times: number): Promise<number> {
  const random = createRandom(seed);
  await using rig = await terminalWorld(seed);
  const sweep = sweepInTerminal(rig);
  await later(random.between(STARTS_MS, LASTS_MS));
  for (let i = 0; i < times; i += 1) {
    sweep.say("int");
    await later(random.between(20, 700));
  }
  const code = await sweep.ended;
  const state = await untilOver(rig);
  if (state === undefined) expect(await leftIn(rig)).toEqual({ vms: 0, firewalls: 0 });
  else {
    // A Ctrl-C between the closing of the books and the end of the program finds nothing to stop.
    const over = code === 0 || state === "finished";
    const events = journalOf(rig);
    // The third one ends the program at once, perhaps before it has written that it stops.
    const crashed = times >= 3 && !events.some(({ type }) => type === "run.stopping");
    await expectStopped(rig, events, over ? "finished" : crashed ? "crashed" : "interrupted");
  }
  return code;
}
