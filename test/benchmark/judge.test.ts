import { describe, expect, it } from "vitest";
import { judge } from "../../src/benchmark/judge.ts";
import type { Measurement } from "../../src/benchmark/judge.ts";
import type { ServerCounters } from "../../src/vllm/server-counters.ts";

const before: ServerCounters = {
  running: 0,
  waiting: 0,
  promptTokens: 0,
  generationTokens: 0,
  preemptions: 0,
  cacheHits: 0,
  finished: { length: 0 },
  ttft: { sum: 0, count: 0 },
  decode: { sum: 0, count: 0 },
  startedAt: 1_000,
};
/** Two requests of 101 tokens; 2 s of decoding each, first token after 0.1 s. */
const after: ServerCounters = {
  ...before,
  promptTokens: 200,
  generationTokens: 202,
  finished: { length: 2 },
  ttft: { sum: 0.2, count: 2 },
  decode: { sum: 4, count: 2 },
};
/** Delays the first token by `late` seconds and the last token by `longer` seconds. */
const request = (late = 0, longer = 0): Measurement["requests"][number] => ({
  promptTokens: 100,
  completionTokens: 101,
  ttftS: 0.1 + late,
  e2eS: 2.1 + longer,
  bodyS: 2.1 + longer,
  headersS: 0.05,
  tpotS: 0.02,
  chunks: 101,
  cachedTokens: 0,
  finishReason: "length",
  text: "",
  requestBytes: 2_000,
});
const normal = { longestMs: 3, p99Ms: 1, samples: 5_000, utilisation: 0.2 };
const blocked = { ...normal, longestMs: 900 };
const measurement: Measurement = {
  before: { counters: before },
  after: { counters: after },
  loop: normal,
  gpus: {
    throttleReasons: [],
    samples: 3,
    samplingProblem: undefined,
    meanClockMhz: undefined,
    maxTemperatureC: undefined,
    maxPowerW: undefined,
  },
  startedMs: 0,
  finishedMs: 5_000,
  requests: [request(), request()],
  failures: [],
  rttS: 0.001,
  speed: 1,
  mode: "fixed",
  pace: undefined,
  underLoad: false,
};

describe("the verdict", () => {
  it("is sound if the counters match and nothing stalled", () => {
    expect(judge(measurement)).toMatchObject({ state: "sound", reasons: [], tokens_exact: true });
  });

  it.each<[string, Partial<Measurement>]>([
    ["the figures still agree", {}],
    ["a late first stamp makes the rate too high", { requests: [request(0.9), request()] }],
    ["a late last stamp makes the rate too low", { requests: [request(), request(0, 0.9)] }],
    ["a test failed", { failures: ["alpha: no byte for 60 s"], requests: [request()] }],
    ["every test failed", { failures: ["alpha: no byte for 60 s"], requests: [] }],
    ["the counters could not be read", { after: { reason: "no answer to GET /metrics" } }],
  ])("is void when our own event loop was blocked: %s", (_, changes) => {
    const verdict = judge({ ...measurement, loop: blocked, ...changes });
    expect(verdict.state).toBe("void");
    expect(verdict.reasons[0]).toContain("our own event loop was blocked for 900 ms");
  });

  it("is void if a late first token makes the decode rate too high", () => {
    const verdict = judge({ ...measurement, requests: [request(0.9), request()] });
    expect(verdict.state).toBe("void");
    expect(verdict.reasons).toEqual([
      expect.stringContaining("above the server's own"),
      expect.stringContaining("the connection stalled: first tokens came"),
    ]);
  });

  it("is failed if the decode rate is too high without a late first token", () => {
    const counted = { ...after, decode: { sum: 5, count: 2 } };
    const verdict = judge({ ...measurement, after: { counters: counted } });
    expect(verdict).toMatchObject({
      state: "failed",
      reasons: [expect.stringContaining("above the server's own")],
    });
  });

  it("is failed if a request failed, even if the GPU was throttled", () => {
    const gpus = { ...measurement.gpus, throttleReasons: ["sw_thermal_slowdown"] };
    const verdict = judge({ ...measurement, gpus, failures: ["alpha: HTTP 500: boom"] });
    expect(verdict).toMatchObject({
      state: "failed",
      reasons: ["alpha: HTTP 500: boom", "the GPU was throttled: sw_thermal_slowdown"],
    });
  });

  it("allows preemptions only under load", () => {
    const counted = { counters: { ...after, preemptions: 1 } };
    expect(judge({ ...measurement, after: counted }).state).toBe("failed");
    expect(judge({ ...measurement, after: counted, underLoad: true }).state).toBe("sound");
  });
});

describe("the tolerance", () => {
  /** The same measurement on a server that needed `times` as long. */
  const slower = (times: number, stallS: number): Partial<Measurement> => ({
    requests: [stallS, 0].map((stall) => ({
      ...request(),
      e2eS: 0.1 + 2 * times + stall,
    })),
    after: { counters: { ...after, decode: { sum: 4 * times, count: 2 } } },
  });
  const pace = { decodeTps: 50, ttftS: 0.1 };

  it.each([
    // The limit is 5 % of 2 s of decoding, 100 ms. Without `pace` it would be 5 % of 4 s, 200 ms.
    ["our own loop", 2, 0, { ...normal, longestMs: 150 }],
    // The limit is 2 % of 4 s of decoding plus 10 ms of jitter, 90 ms. Without `pace` it would be 170 ms.
    ["the connection", 2, 0.12, normal],
  ])("does not grow when a repeated attempt is slower: %s", (_, times, stallS, loop) => {
    const attempt = { ...measurement, ...slower(times, stallS), loop };
    expect(judge({ ...attempt, pace }).state).toBe("void");
    expect(judge(attempt).state).toBe("sound");
  });

  it("is based on the engine's own time, not on the time measured during a stall", () => {
    const stalled = { ...measurement, ...slower(1, 2), loop: { ...normal, longestMs: 120 } };
    expect(judge(stalled).reasons[0]).toContain("blocked for 120 ms (allowed: 100 ms)");
  });

  it("for first tokens is based on the server's best TTFT", () => {
    const late = {
      ...measurement,
      requests: [request(0.24, 0.24), request(0.24, 0.24)],
      after: { counters: { ...after, ttft: { sum: 0.6, count: 2 } } },
      rttS: 0,
    };
    expect(judge(late).state).toBe("sound");
    expect(judge({ ...late, pace }).reasons.join("; ")).toContain("first tokens came");
  });
});

it("is sound but states the problem if no GPU could be sampled", () => {
  const samplingProblem = "12 of 12 samples failed: nvidia-smi ended with 9";
  const verdict = judge({
    ...measurement,
    gpus: { ...measurement.gpus, samples: 0, samplingProblem },
  });
  expect(verdict).toMatchObject({
    state: "sound",
    reasons: [],
    gpu_samples: 0,
    gpu_watch: samplingProblem,
  });
  expect(judge(measurement)).not.toHaveProperty("gpu_watch");
});
