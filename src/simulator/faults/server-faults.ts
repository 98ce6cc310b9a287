/**
 * What a server may do that a client must survive or notice. The servers of the simulated VMs have none of them;
 * a reference server has those that its test asks for.
 */
export interface ServerFaults {
  /** Body bytes of one HTTP chunk, so that events are cut in the middle of `data:` and of a character. */
  readonly chunkBytes?: number;
  /** A comment line before every event. */
  readonly comments?: boolean;
  /** The first so many tokens are `reasoning` deltas. */
  readonly reasoningTokens?: number;
  /** No `continuous_usage_stats`, though asked for. */
  readonly omitContinuousUsage?: boolean;
  /** No usage at all, though asked for. */
  readonly omitUsage?: boolean;
  readonly omitDone?: boolean;
  /** An error inside the 200 after so many tokens. */
  readonly errorAfterTokens?: number;
  /** The model stops after so many tokens in spite of `ignore_eos`. */
  readonly endAfterTokens?: number;
  /** The stream goes silent after so many tokens and stays open. */
  readonly stallAfterTokens?: number;
  /** The connection is cut after so many tokens. */
  readonly cutAfterTokens?: number;
  /** `generation_tokens` in the metrics grows by this share more than what was sent; 0.01 is 1 %. */
  readonly miscount?: number;
  /** Preemptions of each request. */
  readonly preemptions?: number;
  /** The prefix cache does not heed the salt. */
  readonly ignoreSalt?: boolean;
  /** Every completion request is refused so, before any stream. */
  readonly refuse?: { readonly status: number; readonly message: string };
}
