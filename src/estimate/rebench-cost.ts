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

/** What would refresh stale results, and for how much. */
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
