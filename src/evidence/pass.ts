import type { LoadRequests, LoadResult } from "./load-result.ts";
import type { Verdict } from "./record.ts";
import type { Category } from "./suite.ts";

/** Measurements of one request. Times are seconds from the moment it was written to the socket. */
export interface RequestMetrics {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** First token-bearing event. */
  readonly ttftS: number;
  /** (tL - t1) / (N - firstTokens), usually (tL - t1) / (N - 1); undefined if no event followed the first. */
  readonly tpotS: number | undefined;
  /** Tokens of the first token-bearing event; 1 when left out. */
  readonly firstTokens?: number;
  /** First content that is not reasoning; left out if there was none. */
  readonly firstContentS?: number;
  /** Last token-bearing event. */
  readonly e2eS: number;
  /** End of the response body. */
  readonly bodyS: number;
  readonly headersS: number;
  readonly chunks: number;
  readonly cachedTokens: number | undefined;
  readonly finishReason: string;
  readonly text: string;
}

export type TestOutcome =
  | { readonly kind: "measured"; readonly metrics: RequestMetrics }
  /** The test does not fit the context window. Not a failure. */
  | { readonly kind: "not_applicable"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface TestResult {
  readonly name: string;
  readonly category: Category | "custom";
  readonly sha256: string;
  readonly prompt: string;
  readonly expectedTokens: number;
  /** Natural mode only: how many of the values hidden in the context the reply names. */
  readonly needles?: { readonly found: number; readonly of: number };
  readonly outcome: TestOutcome;
}

/** One pass: the chosen tests, run once on one configuration. */
export interface PassResult {
  readonly tests: readonly TestResult[];
  readonly verdict: Verdict;
  readonly load: readonly LoadResult[];
  /** Measurements of each request of the load levels. */
  readonly loadRequests?: readonly LoadRequests[];
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly finishedMs: number;
  /** Round-trip time: median of `/health` over a warm connection, seconds; left out if not measured. */
  readonly rttS?: number;
  /** Left out = `fixed`. */
  readonly mode?: PassMode;
  /** How the server stopped answering. If set, further passes on it are pointless. */
  readonly noAnswer?: string;
}

/**
 * `fixed`: every reply is exactly as long as its budget, without cache hits. `natural`: the model decides where a reply
 * ends. `warm-cache`: like `fixed`, with every prompt in the prefix cache. Only `fixed` is ranked.
 */
export type PassMode = "fixed" | "natural" | "warm-cache";
