import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { mean } from "../evidence/statistics.ts";

/** How late our own event loop was while a pass ran; real milliseconds. */
export interface EventLoopFacts {
  readonly longestMs: number;
  readonly p99Ms: number;
  readonly samples: number;
  /** Share of the time in which the loop was busy. */
  readonly utilisation: number;
}

const RESOLUTION_MS = 10;
/** What a garbage collection or a timer of a healthy process may take. */
const FLOOR_LONGEST_MS = 25;
const FLOOR_P99_MS = 5;
/** A 99th percentile needs 299 samples (one-sided 95 % order-statistic bound). */
const SAMPLES_FOR_P99 = 299;
/** On a fast clock no stamp is exact; there only a process that was suspended counts. */
const LONGEST_FAST_MS = 1_000;

/** Watches from now on, until it is disposed of. */
export function monitorEventLoop(): Disposable & { read(): EventLoopFacts } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const begin = performance.eventLoopUtilization();
  delays.enable();
  // The histogram holds the time between two timers, so the timer's own period is taken off.
  const late = (nanoseconds: number): number =>
    delays.count > 0 ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;
  return {
    read: () => ({
      longestMs: late(delays.max),
      p99Ms: late(delays.percentile(99)),
      samples: delays.count,
      utilisation: performance.eventLoopUtilization(begin).utilization,
    }),
    [Symbol.dispose]: () => {
      delays.disable();
    },
  };
}

/**
 * Why the pass says more of us than of the server, if it does. The rule follows from the TPOT, since a test's decode
 * time tL - t1 is (N - 1) TPOT and a stamp is late by at most the loop's delay. The longest delay may hit one test:
 * void above 5 % of the shortest decode time (or 25 ms). A delay that comes always, the 99th percentile, hits both
 * stamps of every test: void above 1 % of the mean decode time (or 5 ms), which moves the decode rate by 2 %.
 */
export function clientSlowed(
  loop: EventLoopFacts,
  measured: {
    /** tL - t1 of every test that was measured, seconds on the run's clock. */
    readonly decodeS: readonly number[];
    readonly speed: number;
  },
): string | undefined {
  const { decodeS, speed } = measured;
  const shortestMs = decodeS.length === 0 ? 0 : Math.min(...decodeS) * 1000;
  const meanMs = decodeS.length === 0 ? 0 : mean(decodeS) * 1000;
  const longestAllowed =
    speed > 1 ? LONGEST_FAST_MS : Math.max(FLOOR_LONGEST_MS, 0.05 * shortestMs);
  if (loop.longestMs > longestAllowed)
    return `our own event loop was blocked for ${String(Math.round(loop.longestMs))} ms (allowed: ${String(Math.round(longestAllowed))} ms)`;
  const p99Allowed = Math.max(FLOOR_P99_MS, 0.01 * meanMs);
  if (speed <= 1 && loop.samples >= SAMPLES_FOR_P99 && loop.p99Ms > p99Allowed)
    return `our own event loop was late by ${String(Math.round(loop.p99Ms))} ms at the 99th percentile (allowed: ${String(Math.round(p99Allowed))} ms)`;
  return undefined;
}
