import { seededRandom } from "./seeded-random.ts";
import { studentQuantile } from "./student-t.ts";

/** A 95 % interval and how it was made. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly method: "t on logs" | "bootstrap";
}

/** A headline of some passes: the pass is the unit of replication. */
export interface Distribution {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  /** Undefined below two passes. */
  readonly cv: number | undefined;
  readonly interval: Interval | undefined;
  /** Coefficient of variation above 10 %: barred from claims of being best. */
  readonly unstable: boolean;
}

const UNSTABLE_CV = 0.1;
const BOOTSTRAP_FROM = 8;
const BOOTSTRAP_BELOW = 30;
const RESAMPLES = 10_000;

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
 * 95 % interval of the (geometric) mean of positive values: Student's t on their logarithms below 8 values, where a
 * bootstrap is too narrow, and from 30, where both are the same; between them a seeded percentile bootstrap.
 * Undefined below two values or when one is not positive.
 */
export function confidenceInterval(values: readonly number[], seed: string): Interval | undefined {
  if (values.length < 2 || values.some((value) => !(value > 0))) return undefined;
  const logs = values.map(Math.log);
  if (values.length >= BOOTSTRAP_FROM && values.length < BOOTSTRAP_BELOW) {
    const [low, high] = bootstrap(seed, (draw) => mean(draw(logs)));
    return { low: Math.exp(low), high: Math.exp(high), method: "bootstrap" };
  }
  const half =
    (studentQuantile(0.975, logs.length - 1) * (deviation(logs) ?? 0)) / Math.sqrt(logs.length);
  return {
    low: Math.exp(mean(logs) - half),
    high: Math.exp(mean(logs) + half),
    method: "t on logs",
  };
}

/** `seed` makes the bootstrap repeatable; the configuration's name will do. */
export function distribution(values: readonly number[], seed: string): Distribution {
  const cv = coefficientOfVariation(values);
  return {
    n: values.length,
    mean: mean(values),
    median: median(values),
    cv,
    interval: confidenceInterval(values, seed),
    unstable: cv !== undefined && cv > UNSTABLE_CV,
  };
}

/** 2.5th and 97.5th percentile of a statistic over seeded resamples. */
export function bootstrap(
  seed: string,
  statistic: (draw: (values: readonly number[]) => number[]) => number,
): [number, number] {
  const random = seededRandom(`bootstrap|${seed}`);
  const draw = (values: readonly number[]): number[] =>
    values.map(() => values[random.below(values.length)] as number);
  const found = Array.from({ length: RESAMPLES }, () => statistic(draw));
  return [quantile(found, 0.025), quantile(found, 0.975)];
}

const SAMPLES_FOR: Readonly<Record<90 | 95 | 99, number>> = { 90: 29, 95: 59, 99: 299 };

/**
 * A percentile where the sample bears it (a one-sided 95 % order-statistic bound needs 29, 59 or 299 values), else
 * the largest value, named so.
 */
export function percentileOrMaximum(
  values: readonly number[],
  percent: 90 | 95 | 99,
): { readonly name: "p90" | "p95" | "p99" | "max"; readonly value: number } {
  return values.length >= SAMPLES_FOR[percent]
    ? { name: `p${percent}`, value: quantile(values, percent / 100) }
    : { name: "max", value: Math.max(...values) };
}

/** Values far from the median, |x - median| / (1.4826 MAD) > 3.5: to be flagged, never dropped. Needs five. */
export function outliers(values: readonly number[]): number[] {
  if (values.length < 5) return [];
  const centre = median(values);
  const scale = 1.4826 * median(values.map((value) => Math.abs(value - centre)));
  return values.filter((value) => Math.abs(value - centre) > 3.5 * scale);
}

/** Spread between VMs and within them as coefficients of variation; one-way analysis of variance. */
export interface VarianceParts {
  readonly vms: number;
  readonly within: number | undefined;
  /** Undefined with one VM: nothing is known of the next one. */
  readonly between: number | undefined;
}

/** `groups`: the passes of each VM. */
export function varianceParts(groups: readonly (readonly number[])[]): VarianceParts {
  const filled = groups.filter((group) => group.length > 0);
  const all = filled.flat();
  const grand = mean(all);
  const squares = filled.flatMap((group) => group.map((value) => (value - mean(group)) ** 2));
  const freedom = all.length - filled.length;
  const withinSquare = freedom > 0 ? (mean(squares) * squares.length) / freedom : undefined;
  const within = withinSquare === undefined ? undefined : Math.sqrt(withinSquare) / grand;
  if (filled.length < 2) return { vms: filled.length, within, between: undefined };
  const betweenSquare =
    filled.reduce((sum, group) => sum + group.length * (mean(group) - grand) ** 2, 0) /
    (filled.length - 1);
  const size =
    (all.length - filled.reduce((sum, group) => sum + group.length ** 2, 0) / all.length) /
    (filled.length - 1);
  return {
    vms: filled.length,
    within,
    between: Math.sqrt(Math.max(0, betweenSquare - (withinSquare ?? 0)) / size) / grand,
  };
}
