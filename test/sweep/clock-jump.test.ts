import { describe, expect, it } from "vitest";
import { reconcileAfterClockJump } from "../../src/sweep/clock-jump.ts";
import { createDeadlines, DeadlineReached } from "../../src/sweep/deadlines.ts";
import type { Clock } from "../../src/support/clock.ts";
import { FencedError } from "../../src/journal/journal-errors.ts";
import { LABEL, newRig } from "../teardown/teardown-rig.ts";

const HOUR = 3_600_000;
const never = new AbortController().signal;

/** A clock whose sleeper wakes when the test says how far each of its hands has gone. */
function handClock(speed = 1) {
  let wall = 0;
  let monotonic = 0;
  let wake: (() => void) | undefined;
  const clock: Clock = {
    speed,
    now: () => wall,
    monotonic: () => monotonic,
    fromStamp: (ms) => ms,
    ceiling: (ms) => ms,
    sleep: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  };
  return {
    clock,
    tick: async (wallMs: number, monotonicMs: number) => {
      wall += wallMs;
      monotonic += monotonicMs;
      wake?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("one ticker watches deadlines and time", () => {
  it("ends what has expired in a sleep before it tells of the jump", async () => {
    const { clock, tick } = handClock();
    const story: string[] = [];
    const deadlines = createDeadlines(clock, (ms) => story.push(`jumped ${String(ms)}`));
    const rental = deadlines.open("a", HOUR);
    rental.addEventListener("abort", () => story.push("expired"));
    const jump = deadlines.nextJump();
    jump.addEventListener("abort", () => story.push("void"));
    void deadlines.watch(never);
    await tick(5_000, 5_000);
    expect(story).toEqual([]);
    await tick(8 * HOUR, 5_000);
    expect(story).toEqual(["expired", "void", `jumped ${String(8 * HOUR - 5_000)}`]);
    expect(rental.reason).toBeInstanceOf(DeadlineReached);
    expect(deadlines.nextJump().aborted).toBe(false);
  });

  it.each([
    ["a clock that is set back", -HOUR, 5_000, -HOUR - 5_000],
    ["a sleep in which the monotonic clock goes on", HOUR, HOUR, HOUR - 5_000],
    ["a tick that is a little late", 12_000, 12_000, undefined],
  ])("%s", async (_what, wall, monotonic, told) => {
    const { clock, tick } = handClock();
    const jumps: number[] = [];
    void createDeadlines(clock, (ms) => jumps.push(ms)).watch(never);
    await tick(wall, monotonic);
    expect(jumps).toEqual(told === undefined ? [] : [told]);
  });
});

describe("after a jump", () => {
  it("a rental whose VM was destroyed in the meantime ends, others go on", async () => {
    const rig = newRig();
    await rig.rent();
    const deadlines = createDeadlines(rig.clock, () => undefined);
    const rental = deadlines.open(LABEL, Number.MAX_SAFE_INTEGER);
    await reconcileAfterClockJump(rig.ports, deadlines, never);
    expect(rental.aborted).toBe(false);
    await rig.cloud.deleteVm(rig.cloud.living()[0]?.id ?? 0);
    await rig.clock.sleep(HOUR);
    rig.cloud.faults.push({ on: ["getVm"], count: 1, action: { do: "refuse", kind: "transient" } });
    await reconcileAfterClockJump(rig.ports, deadlines, never);
    expect(rental.aborted).toBe(false);
    await reconcileAfterClockJump(rig.ports, deadlines, never);
    expect(rental.reason).toMatchObject({ message: "its VM was destroyed in the meantime" });
  });

  it("who was taken over in the meantime asks nothing more", async () => {
    const ownership = {
      gen: 1,
      assertCurrent: () => {
        throw new FencedError(1, 2);
      },
    };
    const rig = newRig();
    await rig.rent();
    const calls = rig.cloud.calls.length;
    const ports = { ...rig.ports, ownership };
    const deadlines = createDeadlines(rig.clock, () => undefined);
    await expect(reconcileAfterClockJump(ports, deadlines, never)).rejects.toThrow(FencedError);
    expect(rig.cloud.calls).toHaveLength(calls);
  });
});
