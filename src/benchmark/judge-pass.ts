import type { PassMode, TestResult } from "../evidence/pass.ts";
import type { Verdict } from "../evidence/record.ts";
import type { IdleReading } from "./wait-until-idle.ts";
import { crossCheck } from "./cross-check.ts";
import type { CrossCheck, CrossCheckQuestion } from "./cross-check.ts";
import { clientSlowed } from "./event-loop-monitor.ts";
import type { EventLoopFacts } from "./event-loop-monitor.ts";
import type { GpuWatch } from "./watch-gpus.ts";

export interface PassFacts {
  readonly tests: readonly TestResult[];
  readonly requests: CrossCheckQuestion["requests"];
  readonly before: IdleReading;
  readonly after: IdleReading;
  readonly loop: EventLoopFacts;
  readonly gpus: GpuWatch;
  readonly rttS: number;
  readonly speed: number;
  readonly mode: PassMode;
}

/**
 * `failed`: a test failed or the figures are not ours; kept, marked, never ranked. `void`: something slowed the
 * measurement that is neither the server nor the model; it is worth doing again. Else `sound`.
 */
export function judgePass(facts: PassFacts): Verdict {
  const { tests, requests, loop, gpus, speed } = facts;
  const failures = tests.flatMap(({ name, outcome }) =>
    outcome.kind === "failed" ? [`${name}: ${outcome.reason}`] : [],
  );
  if (requests.length === 0 && failures.length === 0)
    failures.push("no test fits the model's window");
  const check = failures.length > 0 ? undefined : checkCounters(facts);
  const failed = [...failures, ...(check?.failed ?? [])];

  const decodeS = requests.map(({ e2eS, ttftS }) => e2eS - ttftS).filter((span) => span > 0);
  const slowed = clientSlowed(loop, { decodeS, speed });
  const voided = [
    ...(slowed === undefined ? [] : [slowed]),
    ...gpus.reasons.map((reason) => `the GPU was throttled: ${reason}`),
    ...(check?.stalled ?? []),
  ];
  const state = failed.length > 0 ? "failed" : voided.length > 0 ? "void" : "sound";
  return {
    state,
    reasons: [...failed, ...voided],
    ...check?.facts,
    loop_delay_ms: rounded(loop.longestMs),
    loop_delay_p99_ms: rounded(loop.p99Ms),
    loop_utilisation: rounded(loop.utilisation),
    gpu_samples: gpus.samples,
    ...(gpus.clockMhz === undefined
      ? {}
      : {
          gpu_clock_mhz: Math.round(gpus.clockMhz),
          gpu_hottest_c: gpus.hottestC,
          gpu_most_w: gpus.mostW,
        }),
    rtt_s: facts.rttS,
  };
}

function checkCounters(facts: PassFacts): Pick<CrossCheck, "failed" | "stalled"> & {
  readonly facts?: CrossCheck["facts"];
} {
  const { before, after, requests, rttS, speed, loop, mode } = facts;
  if (before.kind !== "at rest") return noCheck(`before the pass: ${before.reason}`);
  if (after.kind !== "at rest") return noCheck(`after the pass: ${after.reason}`);
  return crossCheck({
    before: before.counters,
    after: after.counters,
    requests,
    rttS,
    speed,
    loopDelayS: loop.longestMs / 1000,
    fixedLength: mode !== "natural",
    warm: mode === "warm-cache",
  });
}

function noCheck(reason: string): Pick<CrossCheck, "failed" | "stalled"> {
  return { failed: [`no cross-check with the server's counters ${reason}`], stalled: [] };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
