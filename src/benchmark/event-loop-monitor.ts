import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { mean } from "../evidence/statistics.ts";

/** Delays of our own event loop during a measurement, in real milliseconds. */
export interface EventLoopFacts {
  readonly longestMs: number;
  readonly p99Ms: number;
  readonly samples: number;
  /** Share of the time in which the loop was busy. */
  readonly utilisation: number;
}

const RESOLUTION_MS = 10;
/** Delays that garbage collection and timers cause in a healthy process are always allowed. */
const MIN_ALLOWED_LONGEST_MS = 25;
const MIN_ALLOWED_P99_MS = 5;
/** A 99th percentile needs 299 samples (one-sided 95 % order-statistic bound). */
const SAMPLES_FOR_P99 = 299;
/** On an accelerated clock no timestamp is exact, so only a delay as long as a suspended process counts. */
const ALLOWED_LONGEST_ACCELERATED_MS = 1_000;

/** Monitors the event loop until disposed of. */
export function monitorEventLoop(): Disposable & { read(): EventLoopFacts } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const start = performance.eventLoopUtilization();
  delays.enable();
  // The histogram holds the time between two timers, which includes the timer's own period.
  const delayMs = (nanoseconds: number): number =>
    delays.count > 0 ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;
  return {
    read: () => ({
      longestMs: delayMs(delays.max),
      p99Ms: delayMs(delays.percentile(99)),
      samples: delays.count,
      utilisation: performance.eventLoopUtilization(start).utilization,
    }),
    [Symbol.dispose]: () => {
      delays.disable();
    },
  };
}

/**
 * Returns why delays of our own event loop make a measurement void, or undefined if they do not. A timestamp is late by
 * at most the delay of the loop, and a test's decode time is the time between its first and its last token.
 *
 * - The longest delay may affect one test: it must not exceed 5 % of the shortest decode time (or 25 ms).
 * - The 99th percentile may affect both timestamps of every test: it must not exceed 1 % of the mean decode time (or
 *   5 ms), which changes the decode rate by 2 %.
 */
export function clientDelayReason(
  loop: EventLoopFacts,
  measured: {
    /** Decode time of every request, seconds on the run's clock. */
    readonly decodeS: readonly number[];
    readonly speed: number;
  },
): string | undefined {
  const { decodeS, speed } = measured;
  const shortestMs = decodeS.length === 0 ? 0 : Math.min(...decodeS) * 1000;
  const meanMs = decodeS.length === 0 ? 0 : mean(decodeS) * 1000;
  const longestAllowed =
    speed > 1
      ? ALLOWED_LONGEST_ACCELERATED_MS
      : Math.max(MIN_ALLOWED_LONGEST_MS, 0.05 * shortestMs);
  if (loop.longestMs > longestAllowed)
    return `our own event loop was blocked for ${String(Math.round(loop.longestMs))} ms (allowed: ${String(Math.round(longestAllowed))} ms)`;
  const p99Allowed = Math.max(MIN_ALLOWED_P99_MS, 0.01 * meanMs);
  if (speed <= 1 && loop.samples >= SAMPLES_FOR_P99 && loop.p99Ms > p99Allowed)
    return `our own event loop was late by ${String(Math.round(loop.p99Ms))} ms at the 99th percentile (allowed: ${String(Math.round(p99Allowed))} ms)`;
  return undefined;
}
