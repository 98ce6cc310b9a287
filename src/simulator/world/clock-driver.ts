import type { Clock } from "../../support/clock.ts";
import type { World } from "./world.ts";

/** Lets the world's clock fall due on a running clock: sleeps until the next thing, and looks again. */
export interface ClockDriver {
  /** Something was scheduled, or the clock runs at another speed. */
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
