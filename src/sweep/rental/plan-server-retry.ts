import { SHORTEST_WINDOW, WINDOW_STEP } from "../../catalog/fit-model.ts";
import type { ServeChange, ServeRequest } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import type { ServerFailure } from "../ports.ts";

export interface ServerRetry {
  readonly request: ServeRequest;
  /** What it does otherwise, for the journal; empty = the same again. */
  readonly how: string;
}

/**
 * How a server that did not come up may come up after all; undefined when nothing is likely to help. Each change is
 * made once, and the window is shortened only where the plan leaves it to us.
 * @param original the request of the first attempt; @param last of the one that failed.
 */
export function planServerRetry(
  failure: ServerFailure,
  last: ServeRequest,
  original: ServeRequest,
  { fixedModelLen }: Pick<Configuration, "fixedModelLen">,
): ServerRetry | undefined {
  const change = failure.retryWith ?? {};
  if (change.disableXet === true && !last.disableXet)
    return { request: { ...last, disableXet: true }, how: "without Xet" };
  const cards = last.tensorParallel * last.pipelineParallel;
  if (change.disableP2p === true && !last.disableP2p && cards > 1)
    return {
      request: { ...last, disableP2p: true },
      how: "without peer-to-peer access between the GPUs",
    };
  const tokens = shorterWindow(change, last);
  if (tokens !== undefined && !fixedModelLen && last.maxModelLen === original.maxModelLen)
    return {
      request: { ...last, maxModelLen: tokens },
      how: `with a window of ${tokens.toLocaleString("en-US")} tokens`,
    };
  return failure.retry ? { request: last, how: "" } : undefined;
}

/** In steps, since what is free differs by some megabytes from start to start. */
function shorterWindow({ maxModelLen = 0 }: ServeChange, last: ServeRequest): number | undefined {
  const tokens = Math.floor(maxModelLen / WINDOW_STEP) * WINDOW_STEP;
  return tokens >= SHORTEST_WINDOW && tokens < last.maxModelLen ? tokens : undefined;
}
