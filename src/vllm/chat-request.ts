import { randomUUID } from "node:crypto";
import type { PassMode } from "../evidence/pass.ts";
import type { Test } from "../evidence/suite.ts";

/** Tokens that were asked for: exactly so many, or so many at most. */
export interface ReplyLength {
  readonly maxTokens: number;
  readonly exact: boolean;
}

/** What is asked of the server for a test. */
export interface ChatRequest {
  /** JSON. */
  readonly body: string;
  readonly bytes: number;
  readonly length: ReplyLength;
}

/**
 * A streaming chat completion. All sampling parameters are given, since a server takes those left out from the
 * model's generation_config.json. `salt` separates prefix caches: one of its own for each request can never hit.
 */
export function chatRequest(
  model: string,
  test: Pick<Test, "messages" | "maxTokens">,
  mode: PassMode,
  salt: string = randomUUID(),
): ChatRequest {
  const fixed = mode !== "natural";
  const body = JSON.stringify({
    model,
    messages: test.messages,
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
    max_tokens: test.maxTokens,
    ...(fixed ? { min_tokens: test.maxTokens, ignore_eos: true } : {}),
    temperature: 0,
    top_p: 1,
    top_k: 0,
    repetition_penalty: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    seed: 1,
    cache_salt: salt,
  });
  return {
    body,
    bytes: Buffer.byteLength(body),
    length: { maxTokens: test.maxTokens, exact: fixed },
  };
}
