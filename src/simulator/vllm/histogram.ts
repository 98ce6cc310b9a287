/** A Prometheus histogram: cumulative buckets, sum, count. */
export interface Histogram {
  observe(value: number, times?: number): void;
  readonly sum: number;
  readonly count: number;
  /** [upper bound, observations up to it], the last bound infinite. */
  buckets(): readonly (readonly [number, number])[];
}

export const LATENCY_BOUNDS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
export const FIRST_TOKEN_BOUNDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
  160, 640, 2560,
];
export const TOKEN_BOUNDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
export const STEP_BOUNDS = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];
export const PARALLEL_BOUNDS = [1, 2, 5, 10, 20];
export const PREEMPTION_BOUNDS = [1, 2, 3, 4, 5, 10, 20];
export const REQUEST_BOUNDS = [0.1, 0.5, 1];
export const FINE_REQUEST_BOUNDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30,
  60,
];

/** 1, 2, 5, 10 ... as far as the window goes: vLLM's bounds for numbers of tokens. */
export function oneTwoFive(most: number): number[] {
  const bounds: number[] = [];
  for (let decade = 1; decade <= most; decade *= 10)
    bounds.push(...[1, 2, 5].map((step) => step * decade).filter((bound) => bound <= most));
  return bounds;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    observe: (value, times = 1) => {
      sum += value * times;
      count += times;
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket >= 0) counts[bucket] = (counts[bucket] ?? 0) + times;
    },
    get sum() {
      return sum;
    },
    get count() {
      return count;
    },
    buckets: () => {
      let total = 0;
      const cumulative = bounds.map((bound, index) => {
        total += counts[index] ?? 0;
        return [bound, total] as const;
      });
      return [...cumulative, [Infinity, count] as const];
    },
  };
}
