import type { Clock } from "../../src/support/clock.ts";

interface Sleeper {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
}

export interface VirtualClock extends Clock {
  /** Nobody wakes any more: what sleeps is dead. */
  stop(): void;
  /** Moves the hands as a machine that slept finds them. */
  jump(ms: number): void;
}

/** Jumps to the next sleeper whenever nothing else is left to run; sleepers wake in order of time, then of call. */
export function virtualClock(startMs: number): VirtualClock {
  let now = startMs;
  let order = 0;
  let sleepers: Sleeper[] = [];
  let pumping = false;
  let stopped = false;
  const pump = (): void => {
    pumping = false;
    if (stopped) return;
    // Who waits for the disk is at work: no time passes meanwhile.
    if (process.getActiveResourcesInfo().some((resource) => /^FSReq|^CloseReq/.test(resource))) {
      pumping = true;
      setTimeout(pump, 0);
      return;
    }
    const [next] = sleepers.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
    if (next === undefined) return;
    sleepers = sleepers.filter((sleeper) => sleeper !== next);
    now = Math.max(now, next.atMs);
    next.wake();
    start();
  };
  const start = (): void => {
    if (pumping) return;
    pumping = true;
    setImmediate(pump);
  };
  return {
    speed: 1,
    now: () => now,
    monotonic: () => now,
    fromStamp: (ms) => ms,
    ceiling: (ms) => ms,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = (): void => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper: Sleeper = {
          atMs: now + Math.max(0, ms),
          order: (order += 1),
          wake: () => {
            signal?.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        sleepers.push(sleeper);
        start();
      }),
    stop: () => {
      stopped = true;
    },
    jump: (ms) => {
      now += ms;
    },
  };
}
