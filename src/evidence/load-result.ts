import type { Percentiles } from "./statistics.ts";

/** One load level of a record. If its verdict is not `sound`, it has reasons instead of figures. */
export interface LoadResult {
  /** Requests in flight at once. */
  in_flight: number;
  requests: number;
  /** Requests without a sound reply. */
  failed: number;
  /** Output tokens per second of the whole server. */
  out_tps?: number;
  /** Median over requests of 1/TPOT. */
  per_user_tps?: number;
  /** Milliseconds. */
  ttft_ms?: Percentiles;
  tpot_ms?: Percentiles;
  verdict: "sound" | "failed" | "void";
  /** Empty when sound. */
  reasons: string[];
  [key: string]: unknown;
}

/** Measurements of one request under load. Kept out of the record, in files of their own, for further analysis. */
export interface LoadRequestRow {
  readonly test: string;
  /** Why the request failed. */
  readonly reason?: string;
  /** When it was sent, seconds on a monotonic clock. */
  readonly sent_s?: number;
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly ttft_s?: number;
  readonly tpot_s?: number;
  /** Until the last token, seconds. */
  readonly e2e_s?: number;
  /** Until the end of the response, seconds. */
  readonly elapsed_time?: number;
  readonly chunks?: number;
}

export interface LoadRequests {
  readonly in_flight: number;
  readonly requests: readonly LoadRequestRow[];
}

/** A load level as version 0.1 wrote it: without a verdict, and with zeros for figures if no request succeeded. */
export interface LoadResult01 {
  concurrency: number;
  requests: number;
  failed: number;
  out_tps: number;
  per_user_tps: number;
  /** Medians, seconds. */
  ttft_s: number;
  tpot_s: number;
  reasons?: string[];
}

/** The load levels of a record, whichever version wrote it. */
export function loadResults({
  load = [],
}: {
  readonly load?: readonly (LoadResult | LoadResult01)[];
}): LoadResult[] {
  return load.map((level) => ("in_flight" in level ? level : fromVersion01(level)));
}

function fromVersion01(level: LoadResult01): LoadResult {
  const { concurrency, requests, failed, out_tps, per_user_tps, reasons = [] } = level;
  const counts = { in_flight: concurrency, requests, failed };
  if (failed > 0 || reasons.length > 0) return { ...counts, verdict: "failed", reasons };
  return {
    ...counts,
    out_tps,
    per_user_tps,
    ttft_ms: { p50: level.ttft_s * 1000 },
    tpot_ms: { p50: level.tpot_s * 1000 },
    verdict: "sound",
    reasons,
  };
}
