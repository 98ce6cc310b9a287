import { studentQuantile } from "./student-t.ts";

/** A 95 % confidence interval, in the unit of the values. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A headline of some passes: the pass is the unit of replication. */
export interface Distribution {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  /** Undefined below two passes. */
  readonly cv: number | undefined;
  readonly interval: Interval | undefined;
  /** Coefficient of variation above 10 %: not ranked. */
  readonly unstable: boolean;
}

const UNSTABLE_CV = 0.1;

/** NaN when empty, as are `median` and `quantile`. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear interpolation (Hyndman and Fan's type 7, numpy's default); `share` from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Standard deviation of a sample (n - 1); undefined below two values. */
export function deviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1),
  );
}

/** Standard deviation over |mean|; undefined below two values or around 0. */
export function coefficientOfVariation(values: readonly number[]): number | undefined {
  const spread = deviation(values);
  const centre = Math.abs(mean(values));
  return spread === undefined || centre === 0 ? undefined : spread / centre;
}

/**
 * 95 % confidence interval of the geometric mean of positive values: Student's t on their logarithms. A percentile
 * bootstrap is narrower but misses more often at these sample sizes (Efron and Tibshirani, "An Introduction to the
 * Bootstrap", ch. 13), and costs a thousand times as much; the coverage is held in the tests.
 * Undefined below two values or when one is not positive.
 */
export function confidenceInterval(values: readonly number[]): Interval | undefined {
  if (values.length < 2 || values.some((value) => !(value > 0))) return undefined;
  const logs = values.map(Math.log);
  const centre = mean(logs);
  const half =
    (studentQuantile(0.975, logs.length - 1) * (deviation(logs) ?? 0)) / Math.sqrt(logs.length);
  return { low: Math.exp(centre - half), high: Math.exp(centre + half) };
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

const SAMPLES_FOR: Readonly<Record<90 | 95 | 99, number>> = { 90: 29, 95: 59, 99: 299 };

/** Percentiles by name, those that the sample supports. */
export interface Percentiles {
  readonly p50: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
}

/**
 * Median, maximum, and the percentiles that the sample supports: a one-sided 95 % order-statistic bound needs 29, 59 or
 * 299 values. `values` is not empty.
 */
export function percentiles(values: readonly number[]): Percentiles {
  const supported = ([90, 95, 99] as const).filter((share) => values.length >= SAMPLES_FOR[share]);
  return {
    p50: median(values),
    ...Object.fromEntries(supported.map((share) => [`p${share}`, quantile(values, share / 100)])),
    max: Math.max(...values),
  };
}
