/** When the tokens of one request are due, by absolute deadlines. Monotonic milliseconds. */
export interface TokenPace {
  /** The first token is due then, and nothing before. */
  begin(firstMs: number): void;
  /** From that moment on every further token takes so long. */
  setStep(atMs: number, stepMs: number): void;
  dueMs(tokens: number): number;
  /** How many tokens are due by then. */
  reachedBy(nowMs: number): number;
  /** Nothing more is due. */
  stop(): void;
  readonly isStopped: boolean;
}

/** Rounding in the last digits must not hold a token back until the next turn. */
const EPSILON = 1e-6;

/** While the step does not change, token k is due at `anchor + k * step`; a new step moves the anchor. */
export function createTokenPace(arrivedMs: number): TokenPace {
  let anchorMs = arrivedMs;
  /** Tokens at the anchor, with a fraction. */
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
