import { SHORTEST_WINDOW, WINDOW_STEP } from "../../catalog/fit-model.ts";
import type { ServeChange, ServeRequest } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import type { ServerFailure } from "../ports.ts";

export interface ServerRetry {
  readonly request: ServeRequest;
  /** What changes, for the journal; empty if nothing does. */
  readonly change: string;
}

/**
 * How to start a failed server again; undefined if a retry is unlikely to help. Each change is made once, and the context
 * window is shortened only if the plan does not set it.
 * @param last the request that failed
 * @param original the request of the first attempt
 */
export function planServerRetry(
  failure: ServerFailure,
  last: ServeRequest,
  original: ServeRequest,
  { fixedModelLen }: Pick<Configuration, "fixedModelLen">,
): ServerRetry | undefined {
  const suggested = failure.retryWith ?? {};
  if (suggested.disableXet === true && !last.disableXet)
    return { request: { ...last, disableXet: true }, change: "without Xet" };
  const cards = last.tensorParallel * last.pipelineParallel;
  if (suggested.disableP2p === true && !last.disableP2p && cards > 1)
    return {
      request: { ...last, disableP2p: true },
      change: "without peer-to-peer access between the GPUs",
    };
  const tokens = shorterWindow(suggested, last);
  if (tokens !== undefined && !fixedModelLen && last.maxModelLen === original.maxModelLen)
    return {
      request: { ...last, maxModelLen: tokens },
      change: `with a window of ${tokens.toLocaleString("en-US")} tokens`,
    };
  return failure.retry ? { request: last, change: "" } : undefined;
}

/** Rounded down to steps, because the free memory varies by some megabytes between starts. */
function shorterWindow({ maxModelLen = 0 }: ServeChange, last: ServeRequest): number | undefined {
  const tokens = Math.floor(maxModelLen / WINDOW_STEP) * WINDOW_STEP;
  return tokens >= SHORTEST_WINDOW && tokens < last.maxModelLen ? tokens : undefined;
}
