import type { PassMode } from "../evidence/pass.ts";
import type { Verdict } from "../evidence/record.ts";
import type { Pace } from "./benchmark.ts";
import { crossCheck, decodedTokens } from "./cross-check.ts";
import type { CheckedRequest, CrossCheck } from "./cross-check.ts";
import { clientSlowed } from "./event-loop-monitor.ts";
import type { GpuWatch } from "./watch-gpus.ts";
import type { WatchFacts } from "./watched-work.ts";

/** What was measured, and what was watched meanwhile: one pass, or one level of load. */
export interface JudgedWork extends WatchFacts {
  /** Those that were measured. */
  readonly requests: readonly CheckedRequest[];
  /** Why others were not. */
  readonly failures: readonly string[];
  /** Median round trip, seconds. */
  readonly rttS: number;
  /** Virtual seconds in a real one. */
  readonly speed: number;
  readonly mode: PassMode;
  readonly pace: Pace | undefined;
  /** Several requests were in flight: then the server may preempt. */
  readonly underLoad: boolean;
}

/**
 * `void`: something slowed the measurement that is neither the server nor the model; it is worth doing again. `failed`:
 * a request failed, or the figures are not ours; recorded as such, never ranked. Else `sound`. When our own event loop was
 * blocked, nothing that was seen says anything of the server, so that is always `void`.
 */
export function judge(work: JudgedWork): Verdict {
  const { requests, failures, loop, gpus, speed } = work;
  const check = failures.length > 0 ? undefined : checkCounters(work);
  const failed = [...failures, ...(check?.failed ?? [])];
  const slowed = clientSlowed(loop, { decodeS: expectedDecodeS(requests, work, check), speed });
  const disturbed = [
    ...gpus.reasons.map((reason) => `the GPU was throttled: ${reason}`),
    ...(check?.stalled ?? []),
  ];
  const state =
    slowed !== undefined
      ? "void"
      : failed.length > 0
        ? "failed"
        : disturbed.length > 0
          ? "void"
          : "sound";
  return {
    state,
    reasons: [...(slowed === undefined ? [] : [slowed]), ...failed, ...disturbed],
    ...check?.facts,
    loop_delay_ms: rounded(loop.longestMs),
    loop_delay_p99_ms: rounded(loop.p99Ms),
    loop_utilisation: rounded(loop.utilisation),
    ...gpuFacts(gpus),
    rtt_s: work.rttS,
  };
}

/** What nobody told is left out. */
function gpuFacts({ samples, gap, clockMhz, hottestC, mostW }: GpuWatch): Record<string, unknown> {
  return {
    gpu_samples: samples,
    ...(gap === undefined ? {} : { gpu_watch: gap }),
    ...(clockMhz === undefined ? {} : { gpu_clock_mhz: Math.round(clockMhz) }),
    ...(hottestC === undefined ? {} : { gpu_hottest_c: hottestC }),
    ...(mostW === undefined ? {} : { gpu_most_w: mostW }),
  };
}

/** Seconds of decoding by request, at most what the engine needs at the best speed that it has shown. */
function expectedDecodeS(
  requests: JudgedWork["requests"],
  { pace }: JudgedWork,
  check: Partial<CrossCheck> | undefined,
): number[] {
  const best = Math.max(pace?.decodeTps ?? 0, check?.facts?.server_decode_tps ?? 0);
  return requests
    .map((request) => {
      const seen = request.e2eS - request.ttftS;
      return best > 0 ? Math.min(seen, decodedTokens(request) / best) : seen;
    })
    .filter((seconds) => seconds > 0);
}

function checkCounters({
  before,
  after,
  loop,
  mode,
  ...work
}: JudgedWork): Pick<CrossCheck, "failed" | "stalled"> & { readonly facts?: CrossCheck["facts"] } {
  if (before.counters === undefined) return noCheck(`before the measurement ${before.reason}`);
  if (after.counters === undefined) return noCheck(`after the measurement ${after.reason}`);
  return crossCheck({
    ...work,
    before: before.counters,
    after: after.counters,
    loopDelayS: loop.longestMs / 1000,
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
