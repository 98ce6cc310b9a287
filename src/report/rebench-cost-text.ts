import { indentLines } from "./render-table.ts";
import { gpuLabel, shortModel } from "./format.ts";

/** A command that would measure, and what it would cost in US dollars. */
export interface Offer {
  readonly command: string;
  readonly likelyUsd: number;
  readonly worstUsd: number;
}

export interface PairOffer {
  readonly gpu: string;
  readonly model: string;
  /** Undefined when it was not asked for, or cannot be had. */
  readonly offer: Offer | undefined;
  /** Why it cannot be had. */
  readonly obstacle: string | undefined;
}

/** A configuration, and why it counts as stale or cannot be refreshed. */
interface Reasoned {
  readonly gpu: string;
  readonly model: string;
  readonly reasons: readonly string[];
}

export interface RebenchCost {
  /** Of the plan that would refresh what is stale: a GPU type with its models. */
  readonly entries: readonly {
    readonly gpu: string;
    readonly configurations: readonly Reasoned[];
    readonly offer: Offer | undefined;
  }[];
  /** One command for all of them. */
  readonly all: Offer | undefined;
  /** Stale, but not to be had this way. */
  readonly left: readonly Reasoned[];
}

/** What is stale, what would refresh it, and for how much; empty when nothing is. */
export function rebenchCostLines({ entries, all, left }: RebenchCost): string[] {
  if (entries.length + left.length === 0) return [];
  const priced = entries.flatMap(({ configurations, offer }) =>
    offer === undefined
      ? []
      : [
          offerText(offer),
          ...configurations.map(
            ({ model, reasons }) => `  ${shortModel(model)}: ${reasons.join("; ")}`,
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
      ? `${gpuLabel(gpu)} ${model}: ${obstacle ?? "it does not fit"}`
      : offerText(offer),
  );
}

function offerText({ command, likelyUsd, worstUsd }: Offer): string {
  return `${command} (likely $${likelyUsd.toFixed(2)}, at worst $${worstUsd.toFixed(2)})`;
}
