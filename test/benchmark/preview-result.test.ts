import { array, assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { previewResult } from "../../src/benchmark/preview-result.ts";
import { parseStream } from "../../src/benchmark/parse-stream.ts";
import type { RawReply } from "../../src/benchmark/stream-request.ts";
import { recordedReply } from "./recorded-reply.ts";

const clock = { fromStamp: (ms: number): number => ms };

/** Of a stream with a role first and `tokens` tokens, whose last parts may be replaced. */
function body(tokens: number, end?: readonly string[]): Buffer {
  const event = (choices: readonly object[], completion: number): string =>
    JSON.stringify({
      id: "chatcmpl-0123456789abcdef",
      choices,
      usage: { prompt_tokens: 5, completion_tokens: completion },
    });
  const delta = (content: string, finish: string | null = null): object[] => [
    { index: 0, delta: { content }, finish_reason: finish },
  ];
  const events = [
    event(delta(""), 0),
    ...Array.from({ length: tokens }, (_, index) => event(delta(` wörd${index}`), index + 1)),
    ...(end ?? [event(delta("", "length"), tokens), event([], tokens), "[DONE]"]),
  ];
  return Buffer.from(events.map((data) => `data: ${data}\n\n`).join(""));
}

/** The bytes in reads of these lengths in turn, one a millisecond. */
function reply(bytes: Buffer, lengths: readonly number[], changes: Partial<RawReply> = {}) {
  const arrivals: { stamp: number; bytes: Buffer }[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = lengths[arrivals.length % lengths.length] ?? 1;
    arrivals.push({ stamp: arrivals.length + 1, bytes: bytes.subarray(start, start + length) });
    start += length;
  }
  const ended = arrivals.length + 1;
  return { sent: 0, headers: 1, status: 200, arrivals, ended, broken: undefined, ...changes };
}

/** What the whole reply says, as far as a glance tells it. */
function whole(raw: RawReply, fixedLength: number | undefined): object {
  const parsed = parseStream(raw, fixedLength, clock);
  if (parsed.kind === "failed") return parsed;
  const { completionTokens, ttftS, bodyS } = parsed.metrics;
  return { kind: "measured", metrics: { completionTokens, ttftS, bodyS } };
}

describe("a glance at a reply's ends says what the whole says", () => {
  it("however long it is and however it was split", () => {
    const length = integer({ min: 1, max: 9_000 });
    assert(
      property(
        integer({ min: 1, max: 300 }),
        array(length, { minLength: 1, maxLength: 5 }),
        (tokens, lengths) => {
          const raw = reply(body(tokens), lengths);
          expect(previewResult(raw, tokens, clock)).toEqual(whole(raw, tokens));
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ["chat_stream_continuous", "measured"],
    ["chat_stream_usage_end_only", "measured"],
    ["chat_stream_no_usage", "failed"],
    ["variant_stream_interval4_metrics", "measured"],
    ["sigterm_midstream", "failed"],
  ])("of a real vLLM's %s", (name, kind) => {
    const raw = recordedReply(name);
    expect(previewResult(raw, undefined, clock)).toEqual(whole(raw, undefined));
    expect(previewResult(raw, undefined, clock).kind).toBe(kind);
  });

  const error = JSON.stringify({ error: { message: "engine died" } });
  it.each<[string, RawReply, number | undefined]>([
    ["a cut connection", reply(body(200), [300], { broken: "the connection broke" }), 200],
    ["a refusal", reply(Buffer.from('{"detail":"no"}'), [100], { status: 429 }), 200],
    ["no end", reply(body(200, []), [300]), 200],
    ["an error in the stream", reply(body(200, [error, "[DONE]"]), [300]), 200],
    ["another length than was asked for", reply(body(200), [300]), 201],
    ["nothing at all", reply(Buffer.from(""), [1]), undefined],
  ])("of %s", (_, raw, fixedLength) => {
    expect(previewResult(raw, fixedLength, clock)).toEqual(whole(raw, fixedLength));
    expect(previewResult(raw, fixedLength, clock).kind).toBe("failed");
  });
});
