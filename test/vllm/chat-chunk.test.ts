import { describe, expect, it } from "vitest";
import { errorMessage, readChunk } from "../../src/vllm/chat-chunk.ts";

describe("the message of an error", () => {
  it.each([
    ['{"error":{"message":"no chat template","code":400}}', "no chat template"],
    ['{"error":"Unauthorized"}', "Unauthorized"],
    ['{"detail":"Not Found"}', "Not Found"],
    ["<html>\n502 Bad Gateway</html>\n", "<html> 502 Bad Gateway</html>"],
    ['{"error":{"message":"red \\u001b[31mtext"}}', "red text"],
    [`{"detail":"${"x".repeat(1_000)}"}`, "x".repeat(400)],
    ["", ""],
  ])("of %j", (body, message) => {
    expect(errorMessage(body)).toBe(message);
  });
});

describe("a chunk", () => {
  it.each(["", "[]", "null", "3", "not json"])("is no JSON object: %j", (data) => {
    expect(readChunk(data)).toBeUndefined();
  });

  it.each([
    '{"choices":[{"delta":{"content":7},"finish_reason":1,"index":"0"}],"usage":{"prompt_tokens":"1"}}',
    '{"choices":[null],"usage":[]}',
    '{"choices":{},"usage":null,"error":null}',
  ])("with fields of other types is read as if it lacked them: %s", (data) => {
    const chunk = readChunk(data);
    expect(chunk).toMatchObject({ error: undefined, usage: undefined });
    expect(chunk?.choice?.hasContent ?? false).toBe(false);
    expect(chunk?.choice?.finishReason).toBeUndefined();
  });
});
