import { findModel } from "../../catalog/model-catalog.ts";
import type { ConfigurationResult } from "./configurations.ts";

export type SizePreference = "smallest" | "balanced" | "largest";

/** The model size that "balanced" prefers, 10^9 parameters: between the categories 14b and 30b. */
const BALANCED_PARAMS_B = 22;
/** The VRAM that "balanced" prefers for models of equal size, GB: the middle of the range. */
const BALANCED_VRAM_GB = 72;

/** Orders by how well the model's size fits the preference, then by the GPU's, then by efficiency. */
export function bySize(
  size: SizePreference,
): (a: ConfigurationResult, b: ConfigurationResult) => number {
  const modelCost = (row: ConfigurationResult): number =>
    sizeCost(size, paramsB(row), BALANCED_PARAMS_B);
  const vramCost = ({ vramGb }: ConfigurationResult): number =>
    sizeCost(size, vramGb > 0 ? vramGb : undefined, BALANCED_VRAM_GB);
  return (a, b) =>
    ascending(modelCost(a), modelCost(b)) ||
    ascending(vramCost(a), vramCost(b)) ||
    b.efficiency - a.efficiency;
}

/** Lower is preferred; infinite if the size is unknown. */
function sizeCost(size: SizePreference, value: number | undefined, balanced: number): number {
  if (value === undefined) return Infinity;
  if (size === "smallest") return value;
  return size === "largest" ? -value : Math.abs(value - balanced);
}

/** Unlike subtraction, orders two infinite values as equal. */
function ascending(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** 10^9 parameters, from the catalog, a name such as `Qwen3-8B` or a category such as `30b`. */
export function paramsB({ model, modelCategory }: ConfigurationResult): number | undefined {
  const named = /(?:^|[^\w.])(\d+(?:\.\d+)?)b(?![a-z])/i;
  const stated = named.exec(model)?.[1] ?? named.exec(modelCategory)?.[1];
  return findModel(model)?.paramsB ?? (Number(stated ?? 0) || undefined);
}
