import { studentQuantile } from "./student-t.ts";

/** A 95 % confidence interval, in the unit of the values. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly method: "t on logs";
}

/** Distribution of a figure over passes; the pass is the unit of replication. */
export interface Distribution {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  /** Coefficient of variation; undefined below two passes. */
  readonly cv: number | undefined;
  readonly interval: Interval | undefined;
  /** The coefficient of variation exceeds 10 %. Not ranked. */
  readonly unstable: boolean;
}

const UNSTABLE_CV = 0.1;

/** NaN for no values; so are `median` and `quantile`. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear interpolation (Hyndman and Fan's type 7, numpy's default); `p` from 0 to 1. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Of a sample (n - 1); undefined below two values. */
export function standardDeviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1),
  );
}

/** Standard deviation divided by |mean|; undefined below two values or for a mean of 0. */
export function coefficientOfVariation(values: readonly number[]): number | undefined {
  const deviation = standardDeviation(values);
  const centre = Math.abs(mean(values));
  return deviation === undefined || centre === 0 ? undefined : deviation / centre;
}

/**
 * 95 % confidence interval of the geometric mean, by Student's t on the logarithms. A percentile bootstrap is narrower
 * but covers less than 95 % of samples this small (Efron and Tibshirani, "An Introduction to the Bootstrap", ch. 13),
 * and takes a thousand times as long. Undefined below two values or if one is not positive.
 */
export function confidenceInterval(values: readonly number[]): Interval | undefined {
  if (values.length < 2 || values.some((value) => !(value > 0))) return undefined;
  const logs = values.map(Math.log);
  const centre = mean(logs);
  const half =
    (studentQuantile(0.975, logs.length - 1) * (standardDeviation(logs) ?? 0)) /
    Math.sqrt(logs.length);
  return { low: Math.exp(centre - half), high: Math.exp(centre + half), method: "t on logs" };
}

export function distribution(values: readonly number[]): Distribution {
  const cv = coefficientOfVariation(values);
  return {
    n: values.length,
    mean: mean(values),
    median: median(values),
    cv,
    interval: confidenceInterval(values),
    unstable: cv !== undefined && cv > UNSTABLE_CV,
  };
}

/** Values needed for a one-sided 95 % order-statistic bound on each percentile. */
const MINIMUM_SAMPLES: Readonly<Record<90 | 95 | 99, number>> = { 90: 29, 95: 59, 99: 299 };

/** Percentiles that the sample is too small for are left out. */
export interface Percentiles {
  readonly p50: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
}

/** Requires at least one value. */
export function percentiles(values: readonly number[]): Percentiles {
  const supported = ([90, 95, 99] as const).filter((p) => values.length >= MINIMUM_SAMPLES[p]);
  return {
    p50: median(values),
    ...Object.fromEntries(supported.map((p) => [`p${p}`, quantile(values, p / 100)])),
    max: Math.max(...values),
  };
}
