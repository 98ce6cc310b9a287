/**
 * Time as the program sees it. Everything that waits, stamps or sets a deadline takes a `Clock`;
 * under `--simulate` it is a linear, faster clock that client, guard and simulator share.
 */
export interface Clock {
  /** Virtual seconds that pass in one real second; 1 on the real clock. */
  readonly speed: number;
  /** Milliseconds since the epoch, virtual. */
  now(): number;
  /** Monotonic milliseconds, virtual; only differences mean anything. */
  monotonic(): number;
  /** Turns a stamp of `performance.now()` into this clock's monotonic milliseconds. */
  fromStamp(realMs: number): number;
  /** Waits virtual milliseconds. @throws the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Real milliseconds for a ceiling on input or output: virtual, with a floor of 2 s real. */
  ceiling(ms: number): number;
}

/** `virtual = v0 + (wall - w0) * speed`, all in milliseconds since the epoch. */
export interface LinearTime {
  readonly v0: number;
  readonly w0: number;
  readonly speed: number;
}

const FLOOR_OF_A_CEILING_MS = 2_000;
/** Node clamps longer timers to 1 ms, so long waits are made of shorter ones. */
const LONGEST_TIMER_MS = 2 ** 30;

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
      const left = end - performance.now();
      if (left > 0) {
        timer = setTimeout(tick, Math.min(left, LONGEST_TIMER_MS));
        return;
      }
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    timer = setTimeout(tick, Math.min(ms, LONGEST_TIMER_MS));
  });
}

/** The clock of a world that runs at `time.speed`. `scale` multiplies every ceiling (`--ceilings`, for tests). */
export function linearClock(time: LinearTime, scale = 1): Clock {
  return {
    speed: time.speed,
    now: () => time.v0 + (Date.now() - time.w0) * time.speed,
    monotonic: () => performance.now() * time.speed,
    fromStamp: (realMs) => realMs * time.speed,
    sleep: (ms, signal) => sleepReal(Math.max(0, ms) / time.speed, signal),
    ceiling: (ms) => Math.max(FLOOR_OF_A_CEILING_MS * scale, (ms * scale) / time.speed),
  };
}

/** The real clock. */
export function realClock(scale = 1): Clock {
  return linearClock({ v0: 0, w0: 0, speed: 1 }, scale);
}

/** ISO 8601, UTC, with `Z`. */
export function isoUtc(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
