import { gpuName, modelName } from "../catalog/short-names.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { ageText } from "../results/query/coverage.ts";
import type { Unranked } from "../results/query/unranked.ts";
import { indentLines, type TableStyle } from "./render-table.ts";

/** Columns from which a table has room for both ends of an interval. */
export const WIDE = 110;

/** `45.3 (44.9-45.8)`, or `45.3 ±1.0%` where it is narrow; without the interval for a single pass. */
export function speedText(result: ConfigurationResult | undefined, style: TableStyle): string {
  if (result === undefined) return "-";
  const { median, interval } = result.speed;
  if (interval === undefined) return median.toFixed(1);
  const { low, high } = interval;
  return style.width < WIDE
    ? `${median.toFixed(1)} ±${((50 * (high - low)) / median).toFixed(1)}%`
    : `${median.toFixed(1)} (${low.toFixed(1)}-${high.toFixed(1)})`;
}

/** A figure, or `n/a` if it cannot be known without a price. */
export function knownText(value: number, digits: number, unit = ""): string {
  return Number.isFinite(value) ? `${unit}${value.toFixed(digits)}` : "n/a";
}

/** Passes that are not ranked and why, a line each. */
export function unrankedLines(unranked: readonly Unranked[], nowMs: number, width: number): string {
  return indentLines(
    unranked.map(({ gpu, model, state, reason, passes, atMs }) => {
      const times = passes === 1 ? "" : ` x${passes}`;
      return `${gpuName(gpu)} ${modelName(model)}: ${state}${times}, ${ageText(atMs, nowMs)}: ${reason}`;
    }),
    width,
  );
}
