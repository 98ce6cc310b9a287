/** The absolute deadlines of one request's tokens, in monotonic milliseconds. */
export interface TokenPace {
  /** Sets the deadline of the first token. */
  begin(firstMs: number): void;
  /** Changes the time per token from `atMs` on. */
  setStep(atMs: number, stepMs: number): void;
  dueMs(tokens: number): number;
  /** Number of tokens that are due by `nowMs`. */
  reachedBy(nowMs: number): number;
  /** No further tokens become due. */
  stop(): void;
  readonly isStopped: boolean;
}

/** Tolerance, so that rounding does not delay a token until the next timer. */
const EPSILON = 1e-6;

/** With a constant step, token k is due at `anchor + k * step`; a new step moves the anchor. */
export function createTokenPace(arrivedMs: number): TokenPace {
  let anchorMs = arrivedMs;
  /** Number of tokens at the anchor, with a fraction. */
  let anchorTokens = 0;
  let stepMs = 1;
  return {
    begin: (firstMs) => {
      anchorMs = firstMs;
      anchorTokens = 1;
    },
    setStep: (atMs, nextMs) => {
      if (atMs > anchorMs) {
        anchorTokens += (atMs - anchorMs) / stepMs;
        anchorMs = atMs;
      }
      stepMs = nextMs;
    },
    dueMs: (tokens) => anchorMs + (tokens - anchorTokens) * stepMs,
    reachedBy: (nowMs) => Math.floor(anchorTokens + (nowMs - anchorMs) / stepMs + EPSILON),
    stop: () => {
      anchorMs = Infinity;
    },
    get isStopped() {
      return anchorMs === Infinity;
    },
  };
}
