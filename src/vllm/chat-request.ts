import { randomUUID } from "node:crypto";
import type { PassMode } from "../evidence/pass.ts";
import type { Test } from "../evidence/suite.ts";
import type { ServerUnderTest } from "./connection.ts";

export interface ReplyLength {
  readonly maxTokens: number;
  /** Whether the reply must have exactly `maxTokens` tokens. */
  readonly exact: boolean;
}

export interface ChatRequest {
  /** JSON. */
  readonly body: string;
  readonly bytes: number;
  readonly length: ReplyLength;
}

/**
 * `<|end|>` of the Harmony format. For gpt-oss, `min_tokens` suppresses only `<|return|>` and `<|call|>`. After an
 * `<|end|>`, further output makes vLLM's parser abort the reply (vllm-project/vllm#50690). As a stop token, `<|end|>` is
 * suppressed too.
 */
const HARMONY_END = 200_007;

/**
 * Builds a streaming chat completion. It sets all sampling parameters, since a server takes missing ones from the model's
 * generation_config.json. @param salt separates prefix caches; the default, unique for each request, prevents cache hits
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
