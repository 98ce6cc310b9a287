/** Maider's categories, in its order. The user's own prompts may be in a fourth, `custom`. */
export const CATEGORIES = ["coding", "context_heavy", "reasoning"] as const;
export type Category = (typeof CATEGORIES)[number];

/** One prompt, ready to be sent, with its output budget. */
export interface Test {
  /** For example `Code review`. */
  readonly name: string;
  readonly category: Category | "custom";
  readonly messages: readonly {
    readonly role: "system" | "user" | "assistant";
    readonly content: string;
  }[];
  /** Output budget, tokens. In `fixed` mode, the exact length of the reply. */
  readonly maxTokens: number;
  /** SHA-256 of the messages, hexadecimal. */
  readonly sha256: string;
  /** Values hidden in the context, which the reply should name. */
  readonly needles?: readonly string[];
}

export interface Suite {
  /** `standard` with a version, such as `standard-1`, or `custom` with a hash. */
  readonly id: string;
  readonly tests: readonly Test[];
}
