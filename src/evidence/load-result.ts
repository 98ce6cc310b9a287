import type { Percentiles } from "./statistics.ts";

/** One level of load in a record. A level whose verdict is not `sound` has no figures, only reasons. */
export interface LoadResult {
  /** Requests in flight at once. */
  in_flight: number;
  requests: number;
  /** Of these, those without a sound reply. */
  failed: number;
  /** Output tokens a second of the whole server. */
  out_tps?: number;
  /** Median over requests of 1/TPOT. */
  per_user_tps?: number;
  /** Milliseconds; percentiles that the number of requests does not support are left out. */
  ttft_ms?: Percentiles;
  tpot_ms?: Percentiles;
  verdict: "sound" | "failed" | "void";
  /** Empty when sound. */
  reasons: string[];
  [key: string]: unknown;
}

/** What one request under load gave. Not in the record: in the files next to it, for one's own analysis. */
export interface LoadRequestRow {
  readonly test: string;
  /** Why it gave nothing else. */
  readonly reason?: string;
  /** When it was written, seconds of a clock of which only differences mean anything; so are all times. */
  readonly sent_s?: number;
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly ttft_s?: number;
  readonly tpot_s?: number;
  /** To the last token. */
  readonly e2e_s?: number;
  /** To the end of the body. */
  readonly elapsed_time?: number;
  readonly chunks?: number;
}

export interface LoadRequests {
  readonly in_flight: number;
  readonly requests: readonly LoadRequestRow[];
}

/** A level as version 0.1 wrote it: without a verdict, zeros in place of figures where nothing succeeded. */
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

/** The levels of a record, whatever version wrote it; empty without any. */
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
