import type { Clock } from "../../src/support/clock.ts";

export interface JumpingClock extends Clock {
  /** The duration of every sleep, in milliseconds. */
  readonly waits: number[];
}

/** A clock on which a sleep returns at once and advances the time. Every timeout becomes `ceilingMs` real milliseconds. */
export function jumpingClock(startMs: number, ceilingMs = 10_000): JumpingClock {
  let now = startMs;
  const waits: number[] = [];
  return {
    waits,
    speed: 1,
    now: () => now,
    monotonic: () => now,
    fromStamp: (realMs) => realMs,
    ceiling: () => ceilingMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
      now += ms;
      await Promise.resolve();
      signal?.throwIfAborted();
    },
  };
}
