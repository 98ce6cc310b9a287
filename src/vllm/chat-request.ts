import { randomUUID } from "node:crypto";
import type { PassMode } from "../evidence/pass.ts";
import type { Test } from "../evidence/suite.ts";
import type { ServerUnderTest } from "./connection.ts";

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
 * `<|end|>` of the Harmony format. `min_tokens` keeps a gpt-oss model from `<|return|>` and `<|call|>` only, and what it
 * writes after its message has ended makes vLLM's parser break the reply off (vllm-project/vllm#50690); named as a
 * stop token, it is kept from this one too.
 */
const HARMONY_END = 200_007;

/**
 * A streaming chat completion. All sampling parameters are given, since a server takes those left out from the
 * model's generation_config.json. `salt` separates prefix caches: one of its own for each request can never hit.
 */
export function chatRequest(
  server: Pick<ServerUnderTest, "model" | "repository">,
  test: Pick<Test, "messages" | "maxTokens">,
  mode: PassMode,
  salt: string = randomUUID(),
): ChatRequest {
  const fixed = mode !== "natural";
  const harmony = /gpt[-_]?oss/i.test(server.repository ?? server.model);
  const body = JSON.stringify({
    model: server.model,
    messages: test.messages,
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
    max_tokens: test.maxTokens,
    ...(fixed ? { min_tokens: test.maxTokens, ignore_eos: true } : {}),
    ...(fixed && harmony ? { stop_token_ids: [HARMONY_END] } : {}),
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
