export interface Backoff {
  /** Milliseconds that the first wait takes at most; each further one twice as much. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** No wait is shorter. */
  readonly shortestMs?: number;
  /** From 0 to 1. */
  readonly random?: (() => number) | undefined;
}

/** Milliseconds to wait after the failure of attempt 0, 1, ...: exponential backoff with full jitter. */
export function backoffMs(attempt: number, backoff: Backoff): number {
  const { firstMs, longestMs, shortestMs = 0, random = Math.random } = backoff;
  // Beyond 2^30 the product is longer than any wait.
  const upper = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return shortestMs + random() * Math.max(0, upper - shortestMs);
}
