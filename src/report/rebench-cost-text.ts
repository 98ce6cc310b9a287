import { gpuName, modelName } from "../catalog/short-names.ts";
import type { Offer, PairOffer, RebenchCost } from "../estimate/rebench-cost.ts";
import { indentLines } from "./render-table.ts";

/** Commands that measure stale results again, with their costs and reasons; empty if nothing is stale. */
export function rebenchCostLines({ entries, all, left }: RebenchCost): string[] {
  if (entries.length + left.length === 0) return [];
  const priced = entries.flatMap(({ configurations, offer }) =>
    offer === undefined
      ? []
      : [
          offerText(offer),
          ...configurations.map(
            ({ model, reasons }) => `  ${modelName(model)}: ${reasons.join("; ")}`,
          ),
        ],
  );
  return [
    "To measure stale results again:",
    indentLines([
      ...priced,
      ...(all === undefined || entries.length < 2 ? [] : [`all of them: ${offerText(all)}`]),
      ...left.map(
        ({ gpu, model, reasons }) =>
          `cannot be measured again: ${gpuName(gpu)} ${modelName(model)}: ${reasons.join("; ")}`,
      ),
    ]),
  ];
}

/** What more passes would cost, a line for each pair. */
export function pairLines(offers: readonly PairOffer[]): string[] {
  return offers.map(({ gpu, model, offer, obstacle }) =>
    offer === undefined
      ? `${gpuName(gpu)} ${modelName(model)}: ${obstacle ?? "it does not fit"}`
      : offerText(offer),
  );
}

function offerText({ command, likelyUsd, worstUsd }: Offer): string {
  return `${command} (likely $${likelyUsd.toFixed(2)}, at worst $${worstUsd.toFixed(2)})`;
}
