import { gpuName, modelName } from "../catalog/short-names.ts";
import type { Offer, PairOffer, RebenchCost } from "../estimate/rebench-cost.ts";
import { indentLines } from "./render-table.ts";

/** What is stale, what would refresh it, and for how much; empty when nothing is. */
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
    "What would refresh the stale:",
    indentLines([
      ...priced,
      ...(all === undefined || entries.length < 2 ? [] : [`all of them: ${offerText(all)}`]),
      ...left.map(({ gpu, model, reasons }) => `not ${gpu} ${model}: ${reasons.join("; ")}`),
    ]),
  ];
}

/** What more runs would cost, one line a pair. */
export function pairLines(offers: readonly PairOffer[]): string[] {
  return offers.map(({ gpu, model, offer, obstacle }) =>
    offer === undefined
      ? `${gpuName(gpu)} ${model}: ${obstacle ?? "it does not fit"}`
      : offerText(offer),
  );
}

function offerText({ command, likelyUsd, worstUsd }: Offer): string {
  return `${command} (likely $${likelyUsd.toFixed(2)}, at worst $${worstUsd.toFixed(2)})`;
}
