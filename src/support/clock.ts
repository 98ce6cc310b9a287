/**
 * The program's time. All waits, timestamps and deadlines use a `Clock`. With `--simulate` it is an accelerated clock
 * that the client, the guard and the simulator share.
 */
export interface Clock {
  /** Virtual seconds per real second; 1 on the real clock. */
  readonly speed: number;
  /** Milliseconds since the epoch, virtual. */
  now(): number;
  /** Virtual monotonic milliseconds with an arbitrary origin. */
  monotonic(): number;
  /** Converts a timestamp of `performance.now()` to this clock's monotonic milliseconds. */
  fromStamp(realMs: number): number;
  /** Waits virtual milliseconds. @throws the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Converts a timeout for I/O from virtual to real milliseconds, at least 2 s. */
  ceiling(ms: number): number;
}

/** `virtual = v0 + (wall - w0) * speed`, all in milliseconds since the epoch. */
export interface LinearTime {
  readonly v0: number;
  readonly w0: number;
  readonly speed: number;
}

export const REAL_TIME: LinearTime = { v0: 0, w0: 0, speed: 1 };

const MIN_TIMEOUT_MS = 2_000;
/** Node sets timers longer than 2^31 - 1 ms to 1 ms, so long waits are split. */
const MAX_TIMER_MS = 2 ** 30;

/** Waits real milliseconds. @throws the signal's reason when it aborts. */
export function sleepReal(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const end = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const tick = (): void => {
      const remaining = end - performance.now();
      if (remaining > 0) {
        timer = setTimeout(tick, Math.min(remaining, MAX_TIMER_MS));
        return;
      }
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    timer = setTimeout(tick, Math.min(ms, MAX_TIMER_MS));
  });
}

/** A clock that runs at `time.speed`. `scale` multiplies every timeout (`--ceilings`, for tests). */
export function linearClock(time: LinearTime, scale = 1): Clock {
  return {
    speed: time.speed,
    now: () => time.v0 + (Date.now() - time.w0) * time.speed,
    monotonic: () => performance.now() * time.speed,
    fromStamp: (realMs) => realMs * time.speed,
    sleep: (ms, signal) => sleepReal(Math.max(0, ms) / time.speed, signal),
    ceiling: (ms) => Math.max(MIN_TIMEOUT_MS * scale, (ms * scale) / time.speed),
  };
}

/** The real clock. */
export function realClock(scale = 1): Clock {
  return linearClock(REAL_TIME, scale);
}

/** ISO 8601, UTC, with `Z`. */
export function isoUtc(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** `2026-11-24 22:10`, UTC, for people. */
export function minuteUtc(epochMs: number): string {
  return isoUtc(epochMs).slice(0, 16).replace("T", " ");
}
