import type { PassMode } from "../evidence/pass.ts";
import type { Verdict } from "../evidence/record.ts";
import type { Pace } from "./benchmark.ts";
import { crossCheck, decodedTokens } from "./cross-check.ts";
import type { CheckedRequest, CrossCheck } from "./cross-check.ts";
import { clientDelayReason } from "./event-loop-monitor.ts";
import type { GpuFacts } from "./gpu-monitor.ts";
import type { MonitoredFacts } from "./monitor-work.ts";

/** The requests of one pass or one load level, and what was monitored meanwhile. */
export interface Measurement extends MonitoredFacts {
  /** The requests that succeeded. */
  readonly requests: readonly CheckedRequest[];
  /** Why other requests failed. */
  readonly failures: readonly string[];
  /** Median round trip, seconds. */
  readonly rttS: number;
  /** Virtual seconds per real second. */
  readonly speed: number;
  readonly mode: PassMode;
  readonly pace: Pace | undefined;
  /** Several requests were in flight, so the server may preempt some. */
  readonly underLoad: boolean;
}

/**
 * Decides whether a measurement is valid.
 *
 * - `void`: something other than the server or the model slowed it down, so it is worth repeating.
 * - `failed`: a request failed, or the server's counters contradict the figures. It is recorded but never ranked.
 * - `sound`: neither.
 *
 * If our own event loop was blocked, the other findings say nothing about the server, so the verdict is `void`.
 */
export function judge(measurement: Measurement): Verdict {
  const { requests, failures, loop, gpus, speed } = measurement;
  const check = failures.length > 0 ? undefined : checkCounters(measurement);
  const failed = [...failures, ...(check?.failed ?? [])];
  const decodeS = expectedDecodeS(requests, measurement, check);
  const clientDelay = clientDelayReason(loop, { decodeS, speed });
  const disturbed = [
    ...gpus.throttleReasons.map((reason) => `the GPU was throttled: ${reason}`),
    ...(check?.stalled ?? []),
  ];
  const state =
    clientDelay !== undefined
      ? "void"
      : failed.length > 0
        ? "failed"
        : disturbed.length > 0
          ? "void"
          : "sound";
  return {
    state,
    reasons: [...(clientDelay === undefined ? [] : [clientDelay]), ...failed, ...disturbed],
    ...check?.facts,
    loop_delay_ms: rounded(loop.longestMs),
    loop_delay_p99_ms: rounded(loop.p99Ms),
    loop_utilisation: rounded(loop.utilisation),
    ...gpuFields(gpus),
    rtt_s: measurement.rttS,
  };
}

function gpuFields(gpus: GpuFacts): Record<string, unknown> {
  const { samples, samplingProblem, meanClockMhz, maxTemperatureC, maxPowerW } = gpus;
  return {
    gpu_samples: samples,
    ...(samplingProblem === undefined ? {} : { gpu_watch: samplingProblem }),
    ...(meanClockMhz === undefined ? {} : { gpu_clock_mhz: Math.round(meanClockMhz) }),
    ...(maxTemperatureC === undefined ? {} : { gpu_hottest_c: maxTemperatureC }),
    ...(maxPowerW === undefined ? {} : { gpu_most_w: maxPowerW }),
  };
}

/** Decode time of each request, seconds, at most the time that the engine needs at its best observed speed. */
function expectedDecodeS(
  requests: Measurement["requests"],
  { pace }: Measurement,
  check: Partial<CrossCheck> | undefined,
): number[] {
  const best = Math.max(pace?.decodeTps ?? 0, check?.facts?.server_decode_tps ?? 0);
  return requests
    .map((request) => {
      const measuredS = request.e2eS - request.ttftS;
      return best > 0 ? Math.min(measuredS, decodedTokens(request) / best) : measuredS;
    })
    .filter((seconds) => seconds > 0);
}

function checkCounters({
  before,
  after,
  loop,
  mode,
  ...measurement
}: Measurement): Pick<CrossCheck, "failed" | "stalled"> & { readonly facts?: CrossCheck["facts"] } {
  if (before.counters === undefined) return noCheck(`before the measurement ${before.reason}`);
  if (after.counters === undefined) return noCheck(`after the measurement ${after.reason}`);
  return crossCheck({
    ...measurement,
    before: before.counters,
    after: after.counters,
    loopDelayS: { longest: loop.longestMs / 1000, p99: loop.p99Ms / 1000 },
    fixedLength: mode !== "natural",
    warm: mode === "warm-cache",
  });
}

function noCheck(reason: string): Pick<CrossCheck, "failed" | "stalled"> {
  return { failed: [`no cross-check with the server's counters: ${reason}`], stalled: [] };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
