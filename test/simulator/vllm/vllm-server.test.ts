import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startReferenceServer, type ReferenceServer } from "../../support/reference-server.ts";
import { recorded, shape, shapes, type Recorded } from "./recorded.ts";
import { ask, events, fixedLength, type Answer } from "../ssh/ssh-login.ts";

const fast = { ttftMs: 2, tpotMs: 0.1, model: "tiny", maxModelLen: 8192 };
let server: ReferenceServer;

beforeAll(async () => {
  server = await startReferenceServer(fast);
});
afterAll(() => server.close());

function send(to: ReferenceServer, path: string, body?: unknown): Promise<Answer> {
  return ask(connect(to.port, "127.0.0.1"), path, body);
}

function repeat(sample: Recorded): Promise<Answer> {
  return send(server, sample.path, sample.method === "POST" ? sample.request : undefined);
}

describe("compared with a real vLLM's replies", () => {
  test.each([
    "chat_stream_continuous",
    "chat_stream_no_usage",
    "chat_stream_usage_end_only",
    "completions_stream",
  ])("%s: the same keys in the same order of events", async (name) => {
    const sample = recorded(name);
    const answer = await repeat(sample);
    expect(answer.status).toBe(sample.status);
    expect(shapes(events(answer.body))).toEqual(shapes(events(sample.body)));
    expect(events(answer.body)).toHaveLength(events(sample.body).length);
  });

  test.each([
    "chat_nonstream",
    "completions_nonstream",
    "tokenize_messages",
    "tokenize_prompt",
    "models",
    "version",
  ])("%s: the same keys", async (name) => {
    const sample = recorded(name);
    const answer = await repeat(sample);
    expect(answer.status).toBe(sample.status);
    expect(shape(JSON.parse(answer.body))).toEqual(shape(JSON.parse(sample.body)));
  });

  test.each([
    "err_continuous_without_stream",
    "err_max_tokens_zero",
    "err_min_gt_max",
    "err_not_found",
    "err_unknown_model",
    "err_bad_json",
  ])("%s: the same words", async (name) => {
    const sample = recorded(name);
    const answer = await repeat(sample);
    expect(answer.status).toBe(sample.status);
    expect(JSON.parse(answer.body)).toEqual(JSON.parse(sample.body));
  });

  test("a prompt longer than the window is refused with the same text", async () => {
    const sample = recorded("err_context_prompt_too_long");
    const messages = [{ role: "user", content: "the value ".repeat(9000) }];
    const answer = await send(server, sample.path, { model: "tiny", messages, max_tokens: 4 });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual(JSON.parse(sample.body));
  });

  test("a stream interval of 4 cuts 18 tokens at the same counts", async () => {
    const four = await startReferenceServer({ ...fast, tokensPerChunk: 4 });
    const answer = await send(four, "/v1/chat/completions", fixedLength("tiny", 18));
    await four.close();
    const sample = recorded("variant_stream_interval4_metrics");
    const counts = (body: string): unknown[] =>
      events(body).map((event) =>
        event === "[DONE]"
          ? event
          : (event["usage"] as Record<string, unknown>)["completion_tokens"],
      );
    expect(counts(answer.body)).toEqual(counts(sample.body));
  });
});
