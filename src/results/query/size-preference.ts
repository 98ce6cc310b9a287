import { findModel } from "../../catalog/model-catalog.ts";
import type { ConfigurationResult } from "./configurations.ts";

export type SizePreference = "smallest" | "balanced" | "largest";

/** Parameters, 10^9, to which "balanced" keeps nearest: between the guide's classes 14b and 30b. */
const BALANCED_PARAMS_B = 22;
/** Where two have models of one size their cards decide, GB: "balanced" is the middle of the range. */
const BALANCED_VRAM_GB = 72;

/** The preferred size of the model first, then of the card, then the better value. */
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

/** How far from what is preferred; what is not known comes last. */
function distance(size: SizePreference, value: number | undefined, middle: number): number {
  if (value === undefined) return Infinity;
  if (size === "smallest") return value;
  return size === "largest" ? -value : Math.abs(value - middle);
}

function apart(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** By the catalogue, else by its name or its class: `Qwen3-8B`, `30b`. */
export function paramsB({ model, modelCategory }: ConfigurationResult): number | undefined {
  const named = /(?:^|[^\w.])(\d+(?:\.\d+)?)b(?![a-z])/i;
  const told = named.exec(model)?.[1] ?? named.exec(modelCategory)?.[1];
  return findModel(model)?.paramsB ?? (Number(told ?? 0) || undefined);
}
