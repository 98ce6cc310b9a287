import type { Clock } from "../../src/support/clock.ts";

/** A clock that jumps to the end of the next sleep once all other work is done. */
export interface JumpingClock extends Clock {
  /** Advances the wall clock but not the monotonic time, as when a laptop is suspended. */
  jump(ms: number): void;
}

const NO_HURRY_MS = 60_000;

export function createJumpingClock(startMs: number): JumpingClock {
  let nowMs = startMs;
  let asleepMs = 0;
  let isTurnSet = false;
  const sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];
  const setTurn = (): void => {
    if (isTurnSet) return;
    isTurnSet = true;
    // Run after all settled promises, so that all work that can be done now is done first.
    setImmediate(() => {
      isTurnSet = false;
      const next = sleepers.shift();
      if (next === undefined) return;
      nowMs = Math.max(nowMs, next.untilMs + asleepMs);
      next.wake();
      if (sleepers.length > 0) setTurn();
    });
  };
  return {
    speed: 1,
    now: () => nowMs,
    monotonic: () => nowMs - asleepMs,
    fromStamp: (realMs) => realMs,
    ceiling: () => NO_HURRY_MS,
    jump(ms) {
      nowMs += ms;
      asleepMs += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const end = (): void => {
          reject(signal?.reason as Error);
        };
        if (signal?.aborted === true) {
          end();
          return;
        }
        const onAbort = (): void => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          end();
        };
        const sleeper = {
          untilMs: nowMs - asleepMs + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        const later = sleepers.findIndex((other) => other.untilMs > sleeper.untilMs);
        sleepers.splice(later === -1 ? sleepers.length : later, 0, sleeper);
        signal?.addEventListener("abort", onAbort, { once: true });
        setTurn();
      }),
  };
}
