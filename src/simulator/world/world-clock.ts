import { type Clock, type LinearTime, linearClock } from "../../support/clock.ts";
import type { World } from "./world.ts";

/** The one clock of a world. Its speed can be chosen once, unless it was given at the start. */
export interface WorldClock {
  /** Always ask for it anew: another one takes its place when the speed is chosen. */
  readonly clock: () => Clock;
  time(): LinearTime;
  isAuto(): boolean;
  setSpeed(speed: number): void;
}

/** `"auto"` runs at 1 until a client chooses. */
export function createWorldClock(speed: number | "auto", wallMs: number): WorldClock {
  let time: LinearTime = { v0: wallMs, w0: wallMs, speed: speed === "auto" ? 1 : speed };
  let clock = linearClock(time);
  let auto = speed === "auto";
  return {
    clock: () => clock,
    time: () => time,
    isAuto: () => auto,
    setSpeed(next) {
      // Anchored where the old line is now, so that virtual time does not jump.
      const w0 = Date.now();
      time = { v0: time.v0 + (w0 - time.w0) * time.speed, w0, speed: next };
      clock = linearClock(time);
      auto = false;
    },
  };
}

/** Keeps a world up to a running clock: sleeps until its next event is due, then settles it. */
export interface ClockDriver {
  /** An event was added, or the clock runs at another speed. */
  wake(): void;
  stop(): void;
}

export function driveClock(
  world: World,
  clock: () => Clock,
  onProblem: (error: unknown) => void,
): ClockDriver {
  let sleeping: AbortController | undefined;
  let stopped = false;
  const wake = (): void => {
    sleeping?.abort();
    const dueMs = world.nextDueMs();
    if (stopped || dueMs === undefined) return;
    const controller = new AbortController();
    sleeping = controller;
    const sleep = async (): Promise<void> => {
      await clock().sleep(dueMs - clock().now(), controller.signal);
      sleeping = undefined;
      world.settle();
      wake();
    };
    sleep().catch((error: unknown) => {
      if (!controller.signal.aborted) onProblem(error);
    });
  };
  world.onScheduled(wake);
  return {
    wake,
    stop() {
      stopped = true;
      sleeping?.abort();
    },
  };
}
