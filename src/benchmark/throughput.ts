import type { RequestMetrics } from "../evidence/pass.ts";
import type { LoadResult } from "../evidence/record.ts";
import { median, percentileOrMaximum } from "../evidence/statistics.ts";
import type { TokenArrival } from "./parse-stream.ts";

/** A request that succeeded under load; milliseconds on one clock. */
export interface LoadRequest {
  readonly sentMs: number;
  readonly endedMs: number;
  readonly arrivals: readonly TokenArrival[];
  readonly metrics: RequestMetrics;
}

export type Throughput = Pick<LoadResult, "out_tps" | "per_user_tps" | "ttft_s" | "tpot_s"> &
  Readonly<Record<string, unknown>>;

/** In a steady window at least this share of the streams was busy. */
const FULL_ENOUGH = 0.95;

/**
 * Throughput of the whole server and speed for one user. `out_tps` counts what arrived in the steady window, from the
 * c-th first token to the last dispatch, when that window was full; else the whole run with its ramp and drain
 * (`window` says which). `out_tps_whole` is always the latter, the figure of `vllm bench serve`. Zeros when nothing succeeded.
 */
export function throughput(requests: readonly LoadRequest[], inFlight: number): Throughput {
  if (requests.length === 0) return { out_tps: 0, per_user_tps: 0, ttft_s: 0, tpot_s: 0 };
  const begin = Math.min(...requests.map(({ sentMs }) => sentMs));
  const end = Math.max(...requests.map(({ endedMs }) => endedMs));
  const tokens = requests.reduce((sum, { metrics }) => sum + metrics.completionTokens, 0);
  const whole = (tokens * 1000) / (end - begin);
  const steady = steadyThroughput(requests, inFlight);
  const tpots = requests.flatMap(({ metrics }) => metrics.tpotS ?? []);
  const ttfts = requests.map(({ metrics }) => metrics.ttftS);
  const tail = percentileOrMaximum(ttfts, 90);
  return {
    out_tps: steady ?? whole,
    out_tps_whole: whole,
    window: steady === undefined ? "whole" : "steady",
    per_user_tps: tpots.length === 0 ? 0 : median(tpots.map((tpot) => 1 / tpot)),
    ttft_s: median(ttfts),
    [`ttft_${tail.name}_s`]: tail.value,
    tpot_s: tpots.length === 0 ? 0 : median(tpots),
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
  if (busy / (to - from) < FULL_ENOUGH * inFlight) return undefined;
  const arrived = requests
    .flatMap(({ arrivals }) => arrivals)
    .filter(({ atMs }) => atMs > from && atMs <= to)
    .reduce((sum, { tokens }) => sum + tokens, 0);
  return (arrived * 1000) / (to - from);
}
