import { describe, expect, it } from "vitest";
import { parseStream } from "../../src/benchmark/parse-stream.ts";
import type { RawReply } from "../../src/benchmark/stream-request.ts";
import type { ReplyLength } from "../../src/vllm/chat-request.ts";
import type { RequestMetrics } from "../../src/evidence/pass.ts";
import { recordedReply, sample } from "./recorded-reply.ts";

const clock = { fromStamp: (ms: number): number => ms };

/** The requested number of tokens; by default unlimited. */
function lengthOf(tokens: number | undefined): ReplyLength {
  return { maxTokens: tokens ?? 100, exact: tokens !== undefined };
}

async function measured(raw: RawReply, tokens?: number): Promise<RequestMetrics> {
  const parsed = await parseStream(raw, lengthOf(tokens), clock);
  if (parsed.kind === "failed") throw new Error(parsed.reason);
  return parsed.metrics;
}

async function failure(raw: RawReply, tokens?: number): Promise<string> {
  const parsed = await parseStream(raw, lengthOf(tokens), clock);
  return parsed.kind === "failed" ? parsed.reason : "no failure";
}

/** A reply whose events arrived at these milliseconds. */
function reply(
  events: readonly (readonly [ms: number, data: unknown])[],
  changes: Partial<RawReply> = {},
): RawReply {
  return {
    sent: 0,
    headers: 1,
    status: 200,
    ended: 1 + (events.at(-1)?.[0] ?? 0),
    broken: undefined,
    exceeded: undefined,
    arrivals: events.map(([stamp, data]) => ({
      stamp,
      bytes: Buffer.from(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`),
    })),
    ...changes,
  };
}
const chunk = (delta: object, completion?: number, finish: string | null = null): object => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...(completion === undefined
    ? {}
    : { usage: { prompt_tokens: 5, completion_tokens: completion } }),
});
const usage = (completion: number): object => ({
  choices: [],
  usage: { prompt_tokens: 5, completion_tokens: completion },
});

describe("recorded vLLM streams", () => {
  it("are parsed with continuous usage", async () => {
    const metrics = await measured(recordedReply("chat_stream_continuous"), 16);
    expect(metrics).toMatchObject({
      promptTokens: 34,
      completionTokens: 16,
      firstTokens: 1,
      chunks: 16,
      cachedTokens: 0,
      finishReason: "length",
      text: "lirdin".repeat(16),
    });
    expect(metrics.headersS).toBeCloseTo(0.004329, 9);
    expect(metrics.ttftS).toBeCloseTo(0.088467, 9);
    expect(metrics.e2eS).toBeCloseTo(0.170381, 9);
    expect(metrics.bodyS).toBeCloseTo(0.170918, 9);
    expect(metrics.tpotS).toBeCloseTo((0.170381 - 0.088467) / 15, 9);
  });

  it("are parsed if usage comes only at the end, without counting the chunk with the role", async () => {
    const metrics = await measured(recordedReply("chat_stream_usage_end_only"), 16);
    expect(metrics).toMatchObject({ promptTokens: 34, completionTokens: 16, chunks: 16 });
    expect(metrics.ttftS).toBeCloseTo(0.017006, 9);
    expect(metrics.e2eS).toBeCloseTo(0.082641, 9);
  });

  it("count tokens without text", async () => {
    const metrics = await measured(recordedReply("completions_stream"), 16);
    expect(metrics).toMatchObject({ promptTokens: 4, completionTokens: 16, chunks: 16, text: "" });
    expect(metrics.ttftS).toBeCloseTo(0.013227, 9);
    expect(metrics.e2eS).toBeCloseTo(0.075235, 9);
  });

  it("are parsed after a long prompt", async () => {
    const metrics = await measured(recordedReply("chat_stream_long_prompt"), 16);
    expect(metrics).toMatchObject({ promptTokens: 7013, completionTokens: 16, cachedTokens: 0 });
    expect(metrics.ttftS).toBeGreaterThan(1.79);
    expect(metrics.e2eS).toBeCloseTo(1.863903, 9);
  });

  it("are parsed if one chunk has four tokens", async () => {
    const raw = recordedReply("variant_stream_interval4_metrics");
    const parsed = await parseStream(raw, lengthOf(18), clock);
    expect(parsed).toMatchObject({
      metrics: { completionTokens: 18, promptTokens: 34, firstTokens: 1, chunks: 6 },
      arrivals: [1, 4, 4, 4, 4, 1].map((tokens) => ({ tokens })),
    });
  });

  it("count the tokens of two choices together", async () => {
    const metrics = await measured(recordedReply("chat_stream_n2"));
    expect(metrics).toMatchObject({ promptTokens: 34, completionTokens: 32, chunks: 32 });
  });

  it.each([
    ["cache_no_salt_1", 0],
    ["cache_no_salt_2", 256],
    ["cache_same_salt_2", 256],
    ["cache_unique_salt_1", 0],
    ["cache_unique_salt_2", 0],
  ])("say how much of the prompt was cached: %s", async (name, cached) => {
    expect(await measured(recordedReply(name))).toMatchObject({
      promptTokens: 273,
      cachedTokens: cached,
    });
  });

  it("fail without usage", async () => {
    expect(await failure(recordedReply("chat_stream_no_usage"), 16)).toBe(
      "the server sent no final usage",
    );
  });

  it("fail if a part is missing", async () => {
    expect(await failure(recordedReply("odd_max_tokens_clamped_stream"))).toContain(
      "cannot be parsed",
    );
  });

  it("fail if the connection broke", async () => {
    expect(await failure(recordedReply("disconnect_stream"), 2000)).toBe(
      "the stream ended without [DONE]",
    );
  });

  it("fail if the server was stopped, although they end with [DONE]", async () => {
    const tail = sample("sigterm_midstream");
    const events = tail.slice(tail.indexOf("\ndata:") + 1).replaceAll(/^[0-9a-f]+\r?\n/gm, "");
    const raw = reply([], { arrivals: [{ stamp: 9, bytes: Buffer.from(events) }] });
    expect(await failure(raw, 2000)).toBe("the server broke off: finish_reason abort");
  });

  it.each([
    ["err_bad_json", "HTTP 400: 1 validation error"],
    [
      "err_context_prompt_too_long",
      "HTTP 400: This model's maximum context length is 8192 tokens.",
    ],
    ["err_stream_too_long", "HTTP 400: This model's maximum context length is 8192 tokens."],
    ["err_continuous_without_stream", "HTTP 400: Stream options can only be defined"],
    ["err_max_tokens_zero", "HTTP 400: max_tokens must be at least 1, got 0."],
    ["err_min_gt_max", "HTTP 400: min_tokens must be less than or equal to max_tokens=4, got 9."],
    [
      "err_stream_min_gt_max",
      "HTTP 400: min_tokens must be less than or equal to max_tokens=4, got 9.",
    ],
    ["err_not_found", "HTTP 404: Not Found"],
    ["err_unknown_model", "HTTP 404: The model `nope` does not exist. Valid aliases: tiny."],
  ])("report the server's error message: %s", async (name, message) => {
    expect(await failure(recordedReply(name), 16)).toContain(message);
  });

  it("have the same metrics however their bytes are split", async () => {
    const raw = recordedReply("chat_stream_continuous");
    const bytes = Buffer.concat(Array.from(raw.arrivals, (arrival) => arrival.bytes)).subarray(
      -1200,
    );
    const at = (cut: number): RawReply => ({
      ...raw,
      arrivals: [
        { stamp: 5, bytes: bytes.subarray(bytes.indexOf("data:"), cut) },
        { stamp: 5, bytes: bytes.subarray(Math.max(cut, bytes.indexOf("data:"))) },
      ],
    });
    const expected = await measured(at(bytes.length));
    for (let cut = bytes.indexOf("data:"); cut < bytes.length; cut += 1)
      expect(await measured(at(cut))).toEqual(expected);
  });
});

describe("the metrics", () => {
  it("exclude all tokens of the first chunk from the time per token", async () => {
    const metrics = await measured(
      reply([
        [100, chunk({ role: "assistant", content: "" }, 0)],
        [100, chunk({ content: "abc" }, 3)],
        [160, chunk({ content: "def" }, 6)],
        [200, chunk({ content: "gh" }, 8, "length")],
        [201, usage(8)],
        [202, "[DONE]"],
      ]),
      8,
    );
    expect(metrics.firstTokens).toBe(3);
    expect(metrics.tpotS).toBeCloseTo(0.1 / 5, 12);
    expect(metrics.ttftS).toBeCloseTo(0.1, 12);
  });

  it("have no time per token if the reply has one token", async () => {
    const metrics = await measured(
      reply([
        [50, chunk({ content: "a" }, 1, "length")],
        [51, usage(1)],
        [52, "[DONE]"],
      ]),
      1,
    );
    expect(metrics.tpotS).toBeUndefined();
    expect(metrics.e2eS).toBe(metrics.ttftS);
  });

  it("include reasoning and tool calls, and state when content began", async () => {
    const metrics = await measured(
      reply([
        [10, chunk({ reasoning: "hm" })],
        [20, chunk({ reasoning_content: "hm" })],
        [30, chunk({ tool_calls: [{ index: 0 }] })],
        [40, chunk({ content: "so" }, undefined, "stop")],
        [41, usage(4)],
        [42, "[DONE]"],
      ]),
    );
    expect(metrics).toMatchObject({ chunks: 4, ttftS: 0.01, firstContentS: 0.04, text: "hmhmso" });
  });

  it("use the run's clock", async () => {
    const fast = { fromStamp: (ms: number): number => ms * 100 };
    const raw = reply([
      [10, chunk({ content: "a" }, 1)],
      [20, chunk({ content: "b" }, 2, "length")],
      [21, usage(2)],
      [22, "[DONE]"],
    ]);
    expect(await parseStream(raw, lengthOf(2), fast)).toMatchObject({
      metrics: { ttftS: 1, tpotS: 1, e2eS: 2 },
    });
  });
});

describe("a reply", () => {
  it("fails with more tokens than allowed, but may have fewer", async () => {
    const raw = reply([
      [1, chunk({ content: "a" }, 3, "stop")],
      [2, usage(3)],
    ]);
    const atMost = (maxTokens: number) => parseStream(raw, { maxTokens, exact: false }, clock);
    expect(await atMost(3)).toMatchObject({ kind: "measured" });
    expect(await atMost(2)).toMatchObject({ reason: "3 tokens came instead of at most 2" });
  });

  it("says whether the server answered at all", async () => {
    const silent = reply([], { broken: "no byte for 60 s" });
    expect(await parseStream(silent, lengthOf(3), clock)).toMatchObject({ unanswered: true });
    const refused = reply([], { status: 503 });
    expect(await parseStream(refused, lengthOf(3), clock)).toMatchObject({ unanswered: false });
  });

  it("may lack [DONE] if it has usage and a finish_reason", async () => {
    const raw = reply([
      [1, chunk({ content: "a" }, 1)],
      [2, chunk({ content: "b" }, 2, "length")],
      [3, usage(2)],
    ]);
    expect(await parseStream(raw, lengthOf(2), clock)).toMatchObject({
      kind: "measured",
      metrics: { completionTokens: 2, finishReason: "length" },
    });
  });

  const good = [
    [1, chunk({ content: "a" }, 1)],
    [2, chunk({ content: "b" }, 2, "length")],
    [3, usage(2)],
    [4, "[DONE]"],
  ] as const;

  it.each<[string, RawReply, string]>([
    ["another length", reply(good), "2 tokens came instead of 3"],
    ["neither [DONE] nor usage", reply(good.slice(0, 2)), "the stream ended without [DONE]"],
    [
      "neither [DONE] nor finish_reason",
      reply([good[0], good[2]]),
      "the stream ended without [DONE]",
    ],
    [
      "no [DONE] before the connection broke",
      reply(good.slice(0, 3), { broken: "the connection broke: reset" }),
      "the connection broke: reset",
    ],
    ["nothing", reply([]), "the stream ended without [DONE]"],
    [
      "an error inside a 200",
      reply([
        good[0],
        [2, { error: { message: "EngineCore encountered an issue", code: 500 } }],
        good[3],
      ]),
      "the server reported in the stream: EngineCore encountered an issue",
    ],
    [
      "a cut event",
      reply([good[0], [2, '{"choices":[{']]),
      "the stream contains an event that cannot be parsed",
    ],
    [
      "an early end",
      reply([[1, chunk({ content: "a" }, 3, "stop")], [2, usage(3)], good[3]]),
      "the reply ended with finish_reason stop instead of length",
    ],
    ["no finish_reason", reply([good[0], good[2], good[3]]), "the server sent no finish_reason"],
    [
      "no token",
      reply([[1, chunk({}, 0, "length")], [2, usage(0)], good[3]]),
      "0 tokens came instead of 3",
    ],
    ["a broken connection", reply([], { broken: "no byte for 60 s" }), "no byte for 60 s"],
    ["a limit", reply(good, { exceeded: "the reply did not end" }), "the reply did not end"],
    [
      "another status",
      reply([], { status: 503, arrivals: [{ stamp: 1, bytes: Buffer.from("busy") }] }),
      "HTTP 503: busy",
    ],
  ])("fails for %s", async (_, raw, reason) => {
    expect(await failure(raw, 3)).toContain(reason);
  });
});
