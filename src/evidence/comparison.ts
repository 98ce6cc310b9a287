import { bootstrap, deviation, mean } from "./statistics.ts";
import { studentCumulative, studentQuantile } from "./student-t.ts";

/** How two configurations compare by some rate, the higher the better. */
export interface Comparison {
  /** Geometric mean of a over that of b. */
  readonly ratio: number;
  /** 95 % interval of the ratio; undefined when a side has fewer than two passes. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly outcome: "faster" | "slower" | "no difference shown";
}

/**
 * Smallest difference worth a word: what two sets of passes of one and the same configuration may show.
 * The 95th percentile of |A/A - 1| replaces it where an A/A run was done.
 */
export const SAME_VM_THRESHOLD = 0.03;
export const OTHER_VM_THRESHOLD = 0.05;

const BOOTSTRAP_FROM = 8;

/**
 * "Faster" only when the interval of the ratio excludes 1 and the difference reaches the threshold. The interval is
 * Welch's on logarithms, or a bootstrap of both sides when each has 8 passes.
 */
export function compareRates(
  a: readonly number[],
  b: readonly number[],
  options: { readonly threshold: number; readonly seed: string },
): Comparison {
  const logA = a.map(Math.log);
  const logB = b.map(Math.log);
  const difference = mean(logA) - mean(logB);
  const ratio = Math.exp(difference);
  const bounds = logBounds(logA, logB, difference, options.seed);
  if (bounds === undefined)
    return { ratio, low: undefined, high: undefined, outcome: "no difference shown" };
  const [low, high] = bounds;
  const shown = Math.abs(ratio - 1) >= options.threshold && (low > 0 || high < 0);
  return {
    ratio,
    low: Math.exp(low),
    high: Math.exp(high),
    outcome: !shown ? "no difference shown" : ratio > 1 ? "faster" : "slower",
  };
}

function logBounds(
  a: readonly number[],
  b: readonly number[],
  difference: number,
  seed: string,
): [number, number] | undefined {
  if (a.length >= BOOTSTRAP_FROM && b.length >= BOOTSTRAP_FROM)
    return bootstrap(seed, (draw) => mean(draw(a)) - mean(draw(b)));
  const welch = welchOf(a, b);
  if (welch === undefined) return undefined;
  if (welch.error === 0) return [difference, difference];
  const half = studentQuantile(0.975, welch.freedom) * welch.error;
  return [difference - half, difference + half];
}

/** Standard error of the difference of the means, and its degrees of freedom; undefined below two values a side. */
function welchOf(
  a: readonly number[],
  b: readonly number[],
): { readonly error: number; readonly freedom: number } | undefined {
  const [spreadA, spreadB] = [deviation(a), deviation(b)];
  if (spreadA === undefined || spreadB === undefined) return undefined;
  const [partA, partB] = [spreadA ** 2 / a.length, spreadB ** 2 / b.length];
  // Welch and Satterthwaite
  const freedom =
    (partA + partB) ** 2 / (partA ** 2 / (a.length - 1) + partB ** 2 / (b.length - 1));
  return { error: Math.sqrt(partA + partB), freedom };
}

/** Whether `compareRates` finds a faster, without an interval where less decides. */
function isFaster(
  a: readonly number[],
  b: readonly number[],
  options: { readonly threshold: number; readonly seed: string },
): boolean {
  const logA = a.map(Math.log);
  const logB = b.map(Math.log);
  const difference = mean(logA) - mean(logB);
  if (Math.exp(difference) - 1 < options.threshold || !(difference > 0)) return false;
  const welch = welchOf(logA, logB);
  if (welch === undefined) return false;
  const t = difference / welch.error;
  if (a.length < BOOTSTRAP_FROM || b.length < BOOTSTRAP_FROM)
    return welch.error === 0 || studentCumulative(t, welch.freedom) > 0.975;
  // Means of so many are all but normal: far from the border a bootstrap has nothing to add but time.
  if (t > 4 || t < 1) return t > 4;
  return compareRates(a, b, options).outcome === "faster";
}

/**
 * Ranks from 1 in the order of the items given: one more than the number of items that are shown to be faster. So
 * those that cannot be told apart share a rank (1, 1, 3), and a single lucky pass pushes nobody down.
 */
export function ranksWithTies(
  items: readonly (readonly number[])[],
  options: { readonly threshold: number; readonly seed: string },
): number[] {
  return items.map((item) => 1 + items.filter((other) => isFaster(other, item, options)).length);
}

/** The threshold that an A/A run gives: 95th percentile of |A/A - 1| over pairs of sets of passes. */
export function thresholdFromPairs(pairs: readonly (readonly [number, number])[]): number {
  const differences = pairs.map(([a, b]) => Math.abs(a / b - 1)).toSorted((x, y) => x - y);
  return differences[Math.ceil(0.95 * differences.length) - 1] ?? 0;
}
