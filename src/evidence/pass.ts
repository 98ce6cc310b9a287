import type { LoadRequests, LoadResult } from "./load-result.ts";
import type { Verdict } from "./record.ts";
import type { Category } from "./suite.ts";

/** What one request gave. Times are seconds on the run's clock, from the moment the request was written. */
export interface RequestMetrics {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** First token-bearing event. */
  readonly ttftS: number;
  /** (tL - t1) / (N - firstTokens), the usual (tL - t1) / (N - 1); undefined when nothing came after t1. */
  readonly tpotS: number | undefined;
  /** Tokens of the first token-bearing event; 1 when left out. */
  readonly firstTokens?: number;
  /** First content that is not reasoning; left out when none came. */
  readonly firstContentS?: number;
  /** Last token-bearing event. */
  readonly e2eS: number;
  /** End of the body. */
  readonly bodyS: number;
  readonly headersS: number;
  readonly chunks: number;
  readonly cachedTokens: number | undefined;
  readonly finishReason: string;
  readonly text: string;
}

export type TestOutcome =
  | { readonly kind: "measured"; readonly metrics: RequestMetrics }
  /** The test does not fit the window: no failure. */
  | { readonly kind: "not_applicable"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface TestResult {
  readonly name: string;
  readonly category: Category | "custom";
  readonly sha256: string;
  readonly prompt: string;
  readonly expectedTokens: number;
  /** Natural mode only: how many of the context's needles the reply names. */
  readonly needles?: { readonly found: number; readonly of: number };
  readonly outcome: TestOutcome;
}

/** One pass over the chosen tests on one configuration. */
export interface PassResult {
  readonly tests: readonly TestResult[];
  readonly verdict: Verdict;
  readonly load: readonly LoadResult[];
  /** The requests of those levels, one by one. */
  readonly loadRequests?: readonly LoadRequests[];
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly finishedMs: number;
  /** Median of `/health` on a warm channel, seconds; left out when it was not measured. */
  readonly rttS?: number;
  /** Left out = `fixed`. */
  readonly mode?: PassMode;
  /** Why no further pass can be expected of this server: it stopped answering. */
  readonly noAnswer?: string;
}

/**
 * `fixed`: every reply has exactly its budget's length, no cache hits. `natural`: replies end where the model
 * ends them. `warm-cache`: as fixed, but each prompt was served before. Only `fixed` is ranked.
 */
export type PassMode = "fixed" | "natural" | "warm-cache";
