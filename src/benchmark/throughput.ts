import type { LoadResult } from "../evidence/load-result.ts";
import { median, percentiles } from "../evidence/statistics.ts";
import type { ParsedReply } from "./parse-stream.ts";

/** A request that succeeded under load. */
export type LoadRequest = Extract<ParsedReply, { readonly kind: "measured" }> & {
  readonly requestBytes: number;
};

export type Throughput = Required<Pick<LoadResult, "out_tps" | "ttft_ms">> &
  Pick<LoadResult, "per_user_tps" | "tpot_ms"> &
  Readonly<Record<string, unknown>>;

/** The share of the streams that must be busy in a steady window. */
const MIN_BUSY_SHARE = 0.95;

/**
 * Computes the throughput of the server and the speed for one user; `requests` must not be empty.
 *
 * `out_tps` is measured in the steady window, if the streams were busy then: from the n-th first token, with n requests
 * in flight, to the last request sent. Otherwise it includes ramp-up and drain; `window` says which.
 * `out_tps_whole` always includes them, like the figure of `vllm bench serve`.
 */
export function throughput(requests: readonly LoadRequest[], inFlight: number): Throughput {
  const begin = Math.min(...requests.map(({ sentMs }) => sentMs));
  const end = Math.max(...requests.map(({ endedMs }) => endedMs));
  const tokens = requests.reduce((sum, { metrics }) => sum + metrics.completionTokens, 0);
  const overall = (tokens * 1000) / (end - begin);
  const steady = steadyThroughput(requests, inFlight);
  const tpots = requests.flatMap(({ metrics }) => metrics.tpotS ?? []);
  return {
    out_tps: steady ?? overall,
    out_tps_whole: overall,
    window: steady === undefined ? "whole" : "steady",
    ttft_ms: percentiles(requests.map(({ metrics }) => metrics.ttftS * 1000)),
    ...(tpots.length === 0
      ? {}
      : {
          per_user_tps: median(tpots.map((tpot) => 1 / tpot)),
          tpot_ms: percentiles(tpots.map((tpot) => tpot * 1000)),
        }),
  };
}

function steadyThroughput(requests: readonly LoadRequest[], inFlight: number): number | undefined {
  const firstTokens = requests
    .flatMap(({ arrivals }) => arrivals[0]?.atMs ?? [])
    .toSorted((a, b) => a - b);
  const from = firstTokens[inFlight - 1];
  const to = Math.max(...requests.map(({ sentMs }) => sentMs));
  if (from === undefined || to <= from) return undefined;
  const busy = requests.reduce(
    (sum, { sentMs, endedMs }) => sum + Math.max(0, Math.min(endedMs, to) - Math.max(sentMs, from)),
    0,
  );
  if (busy / (to - from) < MIN_BUSY_SHARE * inFlight) return undefined;
  const arrived = requests
    .flatMap(({ arrivals }) => arrivals)
    .filter(({ atMs }) => atMs > from && atMs <= to)
    .reduce((sum, { tokens }) => sum + tokens, 0);
  return (arrived * 1000) / (to - from);
}
