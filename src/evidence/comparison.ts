import { mean, standardDeviation } from "./statistics.ts";
import { studentQuantile } from "./student-t.ts";

/** How two configurations, a and b, compare by a rate of which more is better. */
export interface Comparison {
  /** Geometric mean of a divided by that of b. */
  readonly ratio: number;
  /** 95 % interval of the ratio; undefined if either has fewer than two passes. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly outcome: "faster" | "slower" | "no difference shown";
}

/** Smallest ratio that is reported, minus 1: repeated passes of one configuration may differ by as much. */
export const SAME_VM_THRESHOLD = 0.03;
/** The same for passes on different VMs. */
export const OTHER_VM_THRESHOLD = 0.05;

/**
 * "Faster" or "slower" only when the 95 % interval of the ratio excludes 1 and the difference reaches `threshold`.
 * The interval is Welch's, on the logarithms of the rates.
 */
export function compareRates(
  a: readonly number[],
  b: readonly number[],
  threshold: number,
): Comparison {
  const logA = a.map(Math.log);
  const logB = b.map(Math.log);
  const difference = mean(logA) - mean(logB);
  const ratio = Math.exp(difference);
  const spread = standardErrorOfDifference(logA, logB);
  if (spread === undefined)
    return { ratio, low: undefined, high: undefined, outcome: "no difference shown" };
  const { standardError, degreesOfFreedom } = spread;
  const half = standardError === 0 ? 0 : studentQuantile(0.975, degreesOfFreedom) * standardError;
  const [low, high] = [difference - half, difference + half];
  const shown = Math.abs(ratio - 1) >= threshold && (low > 0 || high < 0);
  return {
    ratio,
    low: Math.exp(low),
    high: Math.exp(high),
    outcome: !shown ? "no difference shown" : ratio > 1 ? "faster" : "slower",
  };
}

/** Of the difference of two means, by Welch and Satterthwaite; undefined if either sample has fewer than two values. */
function standardErrorOfDifference(
  a: readonly number[],
  b: readonly number[],
): { readonly standardError: number; readonly degreesOfFreedom: number } | undefined {
  const [deviationA, deviationB] = [standardDeviation(a), standardDeviation(b)];
  if (deviationA === undefined || deviationB === undefined) return undefined;
  const [partA, partB] = [deviationA ** 2 / a.length, deviationB ** 2 / b.length];
  const degreesOfFreedom =
    (partA + partB) ** 2 / (partA ** 2 / (a.length - 1) + partB ** 2 / (b.length - 1));
  return { standardError: Math.sqrt(partA + partB), degreesOfFreedom };
}

/**
 * The rank of each item: 1 plus the number of items that are shown to be faster. Items between which no difference is
 * shown share a rank (1, 1, 3), so a single fast pass does not lower the rank of others.
 */
export function ranksWithTies(items: readonly (readonly number[])[], threshold: number): number[] {
  return items.map(
    (item) =>
      1 + items.filter((other) => compareRates(other, item, threshold).outcome === "faster").length,
  );
}
