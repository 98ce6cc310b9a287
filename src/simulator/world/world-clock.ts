import { type Clock, type LinearTime, linearClock } from "../../support/clock.ts";
import type { World } from "./world.ts";

/** The clock of a world. With `"auto"`, its speed can be set once. */
export interface WorldClock {
  /** Returns the current clock. Do not store it: setting the speed replaces it. */
  readonly clock: () => Clock;
  time(): LinearTime;
  isAuto(): boolean;
  setSpeed(speed: number): void;
}

/** With `"auto"`, the clock runs at real speed until a client sets the speed. */
export function createWorldClock(speed: number | "auto", wallMs: number): WorldClock {
  let time: LinearTime = { v0: wallMs, w0: wallMs, speed: speed === "auto" ? 1 : speed };
  let clock = linearClock(time);
  let auto = speed === "auto";
  return {
    clock: () => clock,
    time: () => time,
    isAuto: () => auto,
    setSpeed(newSpeed) {
      // The new clock starts at the old one's current time, so that virtual time does not jump.
      const w0 = Date.now();
      time = { v0: time.v0 + (w0 - time.w0) * time.speed, w0, speed: newSpeed };
      clock = linearClock(time);
      auto = false;
    },
  };
}

/** Runs a world's events when they are due by the clock. */
export interface ClockDriver {
  /** Must be called when an event was added or the clock's speed has changed. */
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
