import { deviation, mean } from "./statistics.ts";
import { studentQuantile } from "./student-t.ts";

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
 * Smallest difference that is reported, as a share: two sets of passes of one configuration may differ by as much.
 * The larger one is for configurations measured on different VMs.
 */
export const SAME_VM_THRESHOLD = 0.03;
export const OTHER_VM_THRESHOLD = 0.05;

/**
 * "Faster" or "slower" only when the 95 % interval of the ratio excludes 1 and the difference reaches `threshold`.
 * The interval is Welch's on the logarithms of the rates.
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
  const welch = welchOf(logA, logB);
  if (welch === undefined)
    return { ratio, low: undefined, high: undefined, outcome: "no difference shown" };
  const half = welch.error === 0 ? 0 : studentQuantile(0.975, welch.freedom) * welch.error;
  const [low, high] = [difference - half, difference + half];
  const shown = Math.abs(ratio - 1) >= threshold && (low > 0 || high < 0);
  return {
    ratio,
    low: Math.exp(low),
    high: Math.exp(high),
    outcome: !shown ? "no difference shown" : ratio > 1 ? "faster" : "slower",
  };
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

/**
 * Ranks from 1 in the order of the items given: one more than the number of items that are shown to be faster. Items
 * that cannot be told apart share a rank (1, 1, 3), and a single lucky pass pushes nothing down.
 */
export function ranksWithTies(items: readonly (readonly number[])[], threshold: number): number[] {
  return items.map(
    (item) =>
      1 + items.filter((other) => compareRates(other, item, threshold).outcome === "faster").length,
  );
}
