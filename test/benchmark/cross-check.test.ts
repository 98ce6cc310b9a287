import { describe, expect, it } from "vitest";
import { crossCheck } from "../../src/benchmark/cross-check.ts";
import type { CrossCheckQuestion } from "../../src/benchmark/cross-check.ts";
import type { ServerCounters } from "../../src/vllm/server-counters.ts";

const REQUESTS = 3;
const zero: ServerCounters = {
  running: 0,
  waiting: 0,
  promptTokens: 1000,
  generationTokens: 500,
  preemptions: 2,
  cacheHits: 64,
  finished: { stop: 4, length: 5, abort: 1, error: 0 },
  ttft: { sum: 2, count: 10 },
  decode: { sum: 9, count: 10 },
  startedAt: 1_000,
};
/** Three requests of 100 prompt and 101 output tokens; 2 s of decoding each, first token after 0.1 s. */
const after: ServerCounters = {
  ...zero,
  promptTokens: 1300,
  generationTokens: 803,
  finished: { ...zero.finished, length: 8 },
  ttft: { sum: 2.3, count: 13 },
  decode: { sum: 15, count: 13 },
};
const request = {
  promptTokens: 100,
  completionTokens: 101,
  ttftS: 0.15,
  e2eS: 2.15,
  bodyS: 2.16,
  headersS: 0.05,
  tpotS: 0.02,
  chunks: 101,
  cachedTokens: 0,
  finishReason: "length",
  text: "",
  requestBytes: 2_000,
};
const question: CrossCheckQuestion = {
  before: zero,
  after,
  requests: Array.from({ length: REQUESTS }, () => request),
  rttS: 0.05,
  speed: 1,
  loopDelayS: { longest: 0, p99: 0 },
  fixedLength: true,
  warm: false,
  underLoad: false,
  pace: undefined,
};

describe("the cross-check", () => {
  it("passes if the server's counters match", () => {
    const check = crossCheck(question);
    expect(check).toMatchObject({ failed: [], stalled: [], facts: { tokens_exact: true } });
    expect(check.facts.server_decode_tps).toBeCloseTo(50, 9);
    expect(check.facts.decode_ratio).toBeCloseTo(1, 9);
    expect(check.facts.ttft_offset_s).toBeCloseTo(0.05, 9);
  });

  it.each<[string, Partial<ServerCounters>, string]>([
    [
      "a server that counts 1 % too many",
      { generationTokens: 806 },
      "output tokens: the server counted 306, we 303 (in as many requests: the server miscounts)",
    ],
    [
      "a server that counts too few",
      { generationTokens: 802 },
      "output tokens: the server counted 302, we 303",
    ],
    ["a prompt more", { promptTokens: 1301 }, "prompt tokens: the server counted 301, we 300"],
    [
      "a second client",
      { finished: { ...after.finished, stop: 5 } },
      "finished requests: the server counted 4, we 3 (another client used the server)",
    ],
    [
      "the tokens of a second client",
      { generationTokens: 853, finished: { ...after.finished, length: 9 } },
      "output tokens: the server counted 353, we 303 (another client used the server)",
    ],
    [
      "the tokens of a second client that went away",
      { generationTokens: 810, finished: { ...after.finished, abort: 2 } },
      "output tokens: the server counted 310, we 303 (another client used the server)",
    ],
    [
      "an aborted request",
      { finished: { ...after.finished, abort: 2 } },
      "1 requests ended with abort",
    ],
    [
      "a reply that ended early",
      { finished: { ...after.finished, stop: 5, length: 7 } },
      "requests of full length: the server counted 2, we 3",
    ],
    ["a cache that helped", { cacheHits: 80 }, "16 prompt tokens came from the prefix cache"],
    ["a preemption", { preemptions: 3 }, "the server preempted 1 times"],
    [
      "a restart",
      { generationTokens: 303, startedAt: 1_500 },
      "the server restarted during the measurement",
    ],
    ["a restart without a known beginning", { generationTokens: 303 }, "restarted"],
  ])("finds %s", (_, counted, reason) => {
    const check = crossCheck({ ...question, after: { ...after, ...counted } });
    expect(check.failed.join("; ")).toContain(reason);
    expect(check.facts.tokens_exact).toBe(false);
  });

  it("allows cache hits in a warm pass", () => {
    const counted = { ...after, cacheHits: 80 };
    expect(crossCheck({ ...question, after: counted, warm: true }).failed).toEqual([]);
  });

  it.each([
    [6.13, "neither"],
    [6.14, "failed"],
    [5.87, "neither"],
    [5.86, "stalled"],
  ])(
    "allows 2 %% of 6 s of decoding and 15 ms of jitter: %f s on the server are %s",
    (sum, expected) => {
      const decode = { sum: zero.decode.sum + sum, count: 13 };
      const check = crossCheck({ ...question, after: { ...after, decode } });
      const found =
        check.failed.length > 0 ? "failed" : check.stalled.length > 0 ? "stalled" : "neither";
      expect(found).toBe(expected);
    },
  );

  it.each([
    ["not at speed 1", 1, { longest: 1, p99: 0.1 }, 3 * 0.005],
    ["by 5 ms per request at least", 21, { longest: 0.015, p99: 0.002 }, 21 * (3 * 0.005 + 0.015)],
    ["by what a busy machine adds", 21, { longest: 0.3, p99: 0.02 }, 21 * (3 * 0.04 + 0.3)],
  ])("widens the tolerance on a accelerated clock, %s", (_, speed, loopDelayS, allowedS) => {
    const { facts } = crossCheck({ ...question, speed, loopDelayS });
    expect(facts.decode_tolerance).toBeCloseTo(0.02 + allowedS / 6, 12);
  });

  it.each([
    [0.05, 2_000, 0.242, true],
    [0.05, 2_000, 0.244, false],
    [0.05, 64_000, 0.342, true],
    [0.05, 64_000, 0.344, false],
  ])(
    "explains a first token by round trips of %f s and %i bytes: %f s",
    (rttS, requestBytes, ttftS, explained) => {
      // A quarter of the server's 0.15 s and 5 ms are tolerated. 64,000 bytes take two further round trips.
      const slow = { ...request, ttftS, e2eS: ttftS + 2, requestBytes };
      const counted = { ...after, ttft: { sum: 2.45, count: 13 } };
      const check = crossCheck({ ...question, after: counted, rttS, requests: [slow, slow, slow] });
      expect(check.stalled.map((text) => text.includes("the connection stalled"))).toEqual(
        explained ? [] : [true],
      );
    },
  );
});
