import { describe, expect, it } from "vitest";
import { chatRequest } from "../../src/vllm/chat-request.ts";

const test = { messages: [{ role: "user" as const, content: "Count." }], maxTokens: 300 };
const sent = (...args: Parameters<typeof chatRequest>): Record<string, unknown> =>
  JSON.parse(chatRequest(...args).body) as Record<string, unknown>;

describe("a request of fixed length", () => {
  it("keeps a model from ending early", () => {
    expect(sent({ model: "Qwen/Qwen3-8B" }, test, "fixed")).toMatchObject({
      max_tokens: 300,
      min_tokens: 300,
      ignore_eos: true,
    });
    expect(sent({ model: "Qwen/Qwen3-8B" }, test, "fixed")).not.toHaveProperty("stop_token_ids");
  });

  it.each([
    [{ model: "openai/gpt-oss-20b" }],
    [{ model: "coder", repository: "unsloth/gpt-oss-120b-BF16" }],
  ])("keeps gpt-oss from ending its message too: %j", (server) => {
    expect(sent(server, test, "fixed")["stop_token_ids"]).toEqual([200_007]);
    expect(sent(server, test, "warm-cache")["stop_token_ids"]).toEqual([200_007]);
  });

  it("is not what the natural mode asks for", () => {
    const request = sent({ model: "openai/gpt-oss-20b" }, test, "natural");
    for (const field of ["min_tokens", "ignore_eos", "stop_token_ids"])
      expect(request).not.toHaveProperty(field);
  });
});
