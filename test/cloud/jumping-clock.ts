import type { Clock } from "../../src/support/clock.ts";

export interface JumpingClock extends Clock {
  /** Every wait that was asked for, milliseconds. */
  readonly waits: number[];
}

/** A clock on which a sleep takes no time but moves the hands. `ceilingMs` is what every ceiling becomes, real. */
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
