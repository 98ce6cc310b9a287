/** The three categories of the guide, in its order. `custom` holds a user's own prompts. */
export const CATEGORIES = ["coding", "context_heavy", "reasoning"] as const;
export type Category = (typeof CATEGORIES)[number];

/** One prompt with its output budget, ready to be sent. */
export interface Test {
  /** The guide's name, for example `Code review`. */
  readonly name: string;
  readonly category: Category | "custom";
  readonly messages: readonly {
    readonly role: "system" | "user" | "assistant";
    readonly content: string;
  }[];
  /** Output budget, tokens; the fixed length of the reply in the standard mode. */
  readonly maxTokens: number;
  /** SHA-256 of the messages, hexadecimal. */
  readonly sha256: string;
  /** Values hidden in the context that the reply has to name. */
  readonly needles?: readonly string[];
}

export interface Suite {
  /** `standard` or `custom`, with a version: `standard-1`. */
  readonly id: string;
  readonly tests: readonly Test[];
}
