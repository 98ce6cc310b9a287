export interface Backoff {
  /** Upper limit of the first wait, milliseconds. It doubles with each further wait, up to `longestMs`. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** Lower limit of every wait. */
  readonly shortestMs?: number;
  /** Returns a number from 0 to 1. */
  readonly random?: (() => number) | undefined;
}

/** Milliseconds to wait after failed attempt number `attempt`, from 0: exponential backoff with full jitter. */
export function backoffMs(attempt: number, backoff: Backoff): number {
  const { firstMs, longestMs, shortestMs = 0, random = Math.random } = backoff;
  // The exponent is limited to avoid infinity.
  const upper = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return shortestMs + random() * Math.max(0, upper - shortestMs);
}
