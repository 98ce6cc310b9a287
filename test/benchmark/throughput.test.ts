import { describe, expect, it } from "vitest";
import { throughput } from "../../src/benchmark/throughput.ts";
import type { LoadRequest } from "../../src/benchmark/throughput.ts";

/** Sent at `sentMs`, with the first token 100 ms later and a token every 10 ms. */
function request(sentMs: number, tokens: number): LoadRequest {
  const arrivals = Array.from({ length: tokens }, (_, index) => ({
    atMs: sentMs + 100 + 10 * index,
    tokens: 1,
  }));
  const endedMs = sentMs + 100 + 10 * (tokens - 1);
  return {
    kind: "measured",
    requestBytes: 1_000,
    sentMs,
    endedMs,
    arrivals,
    metrics: {
      promptTokens: 10,
      completionTokens: tokens,
      ttftS: 0.1,
      tpotS: 0.01,
      e2eS: (endedMs - sentMs) / 1000,
      bodyS: (endedMs - sentMs) / 1000,
      headersS: 0,
      chunks: tokens,
      cachedTokens: 0,
      finishReason: "length",
      text: "",
    },
  };
}

describe("throughput under load", () => {
  it("matches a hand calculation for one stream: ten requests of 91 tokens, one second each", () => {
    const figures = throughput(
      Array.from({ length: 10 }, (_, index) => request(index * 1000, 91)),
      1,
    );
    // Window from 100 to 9,000 ms: 910 tokens less the first one and the last request's 91.
    expect(figures.out_tps).toBeCloseTo((910 - 1 - 91) / 8.9, 9);
    expect(figures).toMatchObject({
      window: "steady",
      out_tps_whole: 91,
      ttft_ms: { p50: 100, max: 100 },
      tpot_ms: { p50: 10, max: 10 },
    });
    expect(figures.per_user_tps).toBeCloseTo(100, 9);
  });

  it("includes ramp-up and drain if the streams were not busy in the window", () => {
    const lonely = [request(0, 91), request(0, 11), request(5_000, 91)];
    const figures = throughput(lonely, 2);
    expect(figures).toMatchObject({ window: "whole" });
    expect(figures.out_tps).toBeCloseTo(193 / 6, 9);
  });

  it("has no time per token if each reply has one token", () => {
    const one = request(0, 1);
    const figures = throughput([{ ...one, metrics: { ...one.metrics, tpotS: undefined } }], 1);
    expect(figures.tpot_ms).toBeUndefined();
    expect(figures.per_user_tps).toBeUndefined();
  });
});
