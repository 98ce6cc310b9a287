import { compareRates, OTHER_VM_THRESHOLD } from "../../evidence/comparison.ts";
import type { SortMetric } from "./sort-metric.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** A single pass never shows a difference, so a tie also requires medians whose ratio is at least this. */
const MIN_MEDIAN_RATIO = 0.9;

/** The configurations whose passes show no difference from those of `winner`. */
export function tiesWith(
  winner: ConfigurationResult,
  others: readonly ConfigurationResult[],
  metric: SortMetric,
): ConfigurationResult[] {
  const price = divisor(metric, winner);
  return others.filter((other) => {
    const otherPrice = divisor(metric, other);
    if (price === 0 || otherPrice === 0) return false;
    if (other.speed.median / otherPrice < (MIN_MEDIAN_RATIO * winner.speed.median) / price)
      return false;
    const { outcome } = compareRates(
      rates(metric, other),
      rates(metric, winner),
      OTHER_VM_THRESHOLD,
    );
    return outcome === "no difference shown";
  });
}

/** One value per pass; higher is better for every metric, because a cost is compared by its inverse. */
function rates(metric: SortMetric, row: ConfigurationResult): number[] {
  return row.speeds.map((speed) => speed / divisor(metric, row));
}

/** The price per hour, unless the metric is independent of it. */
function divisor(metric: SortMetric, { hourlyUsd }: ConfigurationResult): number {
  return metric === "tokens_per_sec" ? 1 : hourlyUsd;
}
