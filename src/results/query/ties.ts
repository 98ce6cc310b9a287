import { compareRates, OTHER_VM_THRESHOLD } from "../../evidence/comparison.ts";
import type { SortMetric } from "./sort-metric.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** A single pass never shows a difference, so a tie also requires the medians to be this close. */
const NEARLY_EQUAL = 0.9;

/** Those of `others` between which and `winner` the passes show no difference. */
export function tiesWith(
  winner: ConfigurationResult,
  others: readonly ConfigurationResult[],
  metric: SortMetric,
): ConfigurationResult[] {
  const price = priceIn(metric, winner);
  return others.filter((other) => {
    const otherPrice = priceIn(metric, other);
    if (price === 0 || otherPrice === 0) return false;
    if (other.speed.median / otherPrice < (NEARLY_EQUAL * winner.speed.median) / price)
      return false;
    const { outcome } = compareRates(
      rates(metric, other),
      rates(metric, winner),
      OTHER_VM_THRESHOLD,
    );
    return outcome === "no difference shown";
  });
}

/** One value per pass, of which more is better: the inverse of the cost is also a rate. */
function rates(metric: SortMetric, row: ConfigurationResult): number[] {
  return row.speeds.map((speed) => speed / priceIn(metric, row));
}

function priceIn(metric: SortMetric, { hourlyUsd }: ConfigurationResult): number {
  return metric === "tokens_per_sec" ? 1 : hourlyUsd;
}
