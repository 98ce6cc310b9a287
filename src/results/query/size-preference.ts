import { findModel } from "../../catalog/model-catalog.ts";
import type { ConfigurationResult } from "./configurations.ts";

export type SizePreference = "smallest" | "balanced" | "largest";

/** The ideal of "balanced", 10^9 parameters: between the classes 14b and 30b. */
const BALANCED_PARAMS_B = 22;
/** The ideal of "balanced" for equally large models, GB of VRAM: the middle of the range. */
const BALANCED_VRAM_GB = 72;

/** Orders by the preferred size of the model, then of the card, then by efficiency. */
export function bySize(
  size: SizePreference,
): (a: ConfigurationResult, b: ConfigurationResult) => number {
  const model = (row: ConfigurationResult): number =>
    distance(size, paramsB(row), BALANCED_PARAMS_B);
  const card = ({ vramGb }: ConfigurationResult): number =>
    distance(size, vramGb > 0 ? vramGb : undefined, BALANCED_VRAM_GB);
  return (a, b) =>
    apart(model(a), model(b)) || apart(card(a), card(b)) || b.efficiency - a.efficiency;
}

/** Distance from the preferred size; infinite if unknown. */
function distance(size: SizePreference, value: number | undefined, middle: number): number {
  if (value === undefined) return Infinity;
  if (size === "smallest") return value;
  return size === "largest" ? -value : Math.abs(value - middle);
}

function apart(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Parameters, 10^9, from the catalogue, or from a name like `Qwen3-8B` or a class like `30b`. */
export function paramsB({ model, modelCategory }: ConfigurationResult): number | undefined {
  const named = /(?:^|[^\w.])(\d+(?:\.\d+)?)b(?![a-z])/i;
  const stated = named.exec(model)?.[1] ?? named.exec(modelCategory)?.[1];
  return findModel(model)?.paramsB ?? (Number(stated ?? 0) || undefined);
}
