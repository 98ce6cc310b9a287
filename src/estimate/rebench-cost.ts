/** A command that measures a configuration again, and its cost in US dollars. */
export interface Offer {
  readonly command: string;
  readonly likelyUsd: number;
  readonly worstUsd: number;
}

export interface PairOffer {
  readonly gpu: string;
  readonly model: string;
  /** Undefined if not requested or not possible. */
  readonly offer: Offer | undefined;
  /** Why there is no offer. */
  readonly obstacle: string | undefined;
}

/** A configuration, and why it is stale or cannot be refreshed. */
interface Reasoned {
  readonly gpu: string;
  readonly model: string;
  readonly reasons: readonly string[];
}

/** How to refresh stale results, and at what cost. */
export interface RebenchCost {
  /** Entries of the plan that would refresh stale results, each a GPU type with its models. */
  readonly entries: readonly {
    readonly gpu: string;
    readonly configurations: readonly Reasoned[];
    readonly offer: Offer | undefined;
  }[];
  /** A command for all entries. */
  readonly all: Offer | undefined;
  /** Stale configurations that cannot be refreshed this way. */
  readonly left: readonly Reasoned[];
}
