import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { chatRequest } from "../../src/vllm/chat-request.ts";
import { runPass } from "../../src/benchmark/run-pass.ts";
import { sendChat } from "../../src/benchmark/stream-request.ts";
import type { PassResult, RequestMetrics, TestResult } from "../../src/evidence/pass.ts";
import type { ReferenceOptions } from "../support/reference-server.ts";
import { realClock } from "../../src/support/clock.ts";
import { NoAnswerError } from "../../src/vllm/connection.ts";
import {
  fastClock,
  faultsOf,
  never,
  passOn,
  passRequest,
  prompt,
  reference,
  smallSuite,
  underTest,
} from "./reference.ts";

const clock = fastClock;
const metricsOf = (result: PassResult): RequestMetrics[] =>
  result.tests.flatMap(({ outcome }) => (outcome.kind === "measured" ? [outcome.metrics] : []));
describe("a pass", () => {
  it("measures every test with exact counts, reporting tests as they end and listing them in the suite's order", async () => {
    const reported: [string, number, number][] = [];
    const result = await passOn(
      {},
      { onTest: (test, index, tests) => reported.push([test.name, index, tests]) },
    );
    expect(result.tests.map((test) => test.name)).toEqual(["alpha", "beta", "gamma"]);
    expect(reported.map(([, index, tests]) => [index, tests])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(reported.map(([name]) => name).toSorted()).toEqual(["alpha", "beta", "gamma"]);
    expect(faultsOf(result)).toEqual([]);
    expect(result.verdict["tokens_exact"]).toBe(true);
    for (const metrics of metricsOf(result)) {
      expect(metrics).toMatchObject({ completionTokens: 30, chunks: 30, cachedTokens: 0 });
      expect(metrics.ttftS).toBeGreaterThan(0.059);
      expect(metrics.e2eS).toBeGreaterThan(metrics.ttftS);
      expect(metrics.bodyS).toBeGreaterThanOrEqual(metrics.e2eS);
    }
    expect(result.rttS).toBeGreaterThan(0);
    expect(result.finishedMs).toBeGreaterThan(result.startedMs);
  });

  it("makes gpt-oss generate replies of full length", async () => {
    const suite = { id: "x", tests: ["one", "two"].map((name) => prompt(name, 800)) };
    const result = await passOn(
      { model: "openai/gpt-oss-20b", ttftMs: 1, tpotMs: 0.05 },
      { suite, load: [1, 2] },
    );
    expect(metricsOf(result).map(({ completionTokens }) => completionTokens)).toEqual([800, 800]);
    expect(faultsOf(result)).toEqual([]);
  });

  it("runs its tests in an order that depends on the seed", async () => {
    const server = await reference({ ttftMs: 1, tpotMs: 0.2 });
    const suite = {
      id: "x",
      tests: Array.from({ length: 8 }, (_, i) => prompt(`t${String(i)}`, 2)),
    };
    const orderOf = async (seed: string): Promise<string> => {
      const names: string[] = [];
      const onTest = (test: TestResult): number => names.push(test.name);
      await runPass(passRequest(underTest(server), { clock, suite, seed, onTest }), never);
      return names.join(" ");
    };
    const first = await orderOf("one");
    expect(await orderOf("one")).toBe(first);
    expect(await orderOf("two")).not.toBe(first);
  });

  it("reports each test as it ends, as it appears in the result", async () => {
    const reported: TestResult[] = [];
    const result = await passOn({}, { onTest: (test) => reported.push(test) });
    expect(reported.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(result.tests);
  });

  it("reports a failed test as it ends", async () => {
    const refuse = { status: 503, message: "no" };
    const reported: unknown[] = [];
    await passOn({ refuse }, { onTest: ({ outcome }) => reported.push(outcome) });
    expect(reported).toEqual(
      smallSuite.tests.map(() => ({ kind: "failed", reason: "HTTP 503: no" })),
    );
  });

  it("is not affected by the prefix cache, because every request has its own salt", async () => {
    const tests = Array.from({ length: 3 }, (_, i) =>
      prompt(`t${String(i)}`, 4, "word ".repeat(200)),
    );
    const result = await passOn({ tpotMs: 1 }, { suite: { id: "x", tests } });
    expect(metricsOf(result).map((metrics) => metrics.cachedTokens)).toEqual([0, 0, 0]);
    expect(faultsOf(result)).toEqual([]);
  });

  it("is marked as warm if it is served from the cache", async () => {
    const tests = [prompt("long", 4, "word ".repeat(200))];
    const result = await passOn({ tpotMs: 1 }, { suite: { id: "x", tests }, mode: "warm-cache" });
    expect(metricsOf(result)[0]?.cachedTokens).toBeGreaterThan(100);
    expect(result.mode).toBe("warm-cache");
    expect(faultsOf(result)).toEqual([]);
  });

  it("is sound if a test exceeds the window, which is not applicable", async () => {
    const server = await reference({ maxModelLen: 2_048, tpotMs: 1 });
    const suite = {
      id: "x",
      tests: [prompt("short", 20), prompt("long", 20, "word ".repeat(3_000))],
    };
    const result = await runPass(
      passRequest(underTest(server, { maxModelLen: 2_048 }), { clock, suite }),
      never,
    );
    expect(result.tests.map(({ outcome }) => outcome.kind)).toEqual(["measured", "not_applicable"]);
    expect(result.tests[1]?.outcome).toMatchObject({
      reason: expect.stringMatching(
        /^it needs \d+ tokens \(prompt \d+, reply 20, margin 16\), the window has 2048$/,
      ),
    });
    expect(faultsOf(result)).toEqual([]);
  });

  it("is sound without [DONE]", async () => {
    expect(faultsOf(await passOn({ omitDone: true, tpotMs: 1 }))).toEqual([]);
  });

  it("counts the needles in natural mode, in which replies may end early", async () => {
    const tests = [{ ...prompt("needles", 20), needles: ["no such value", "e"] }];
    const result = await passOn({ tpotMs: 1 }, { suite: { id: "x", tests }, mode: "natural" });
    expect(result.tests[0]?.needles).toEqual({ found: expect.any(Number), of: 2 });
    expect(result.tests[0]?.needles?.found).toBeLessThan(2);
    expect(result.mode).toBe("natural");
  });

  it("throws the signal's reason and leaves nothing running", async () => {
    const server = await reference({ tpotMs: 500 });
    const controller = new AbortController();
    const reason = new Error("enough");
    const running = runPass(passRequest(underTest(server), { clock }), controller.signal);
    setTimeout(() => controller.abort(reason), 120);
    await expect(running).rejects.toBe(reason);
  });

  it("throws the error of a lost link", async () => {
    const lost = new Error("link lost");
    const server = await reference();
    let opened = 0;
    const sound = underTest(server);
    const failing = underTest(server, {
      open: (signal) => {
        opened += 1;
        return opened > 2 ? Promise.reject(lost) : sound.open(signal);
      },
    });
    await expect(runPass(passRequest(failing, { clock }), never)).rejects.toBe(lost);
  });
});

describe("a pass is not sound", () => {
  it.each<[string, Partial<ReferenceOptions>, string]>([
    ["the server miscounts", { miscount: 0.05 }, "(in as many requests: the server miscounts)"],
    ["a cache hits in spite of the salt", { ignoreSalt: true }, "came from the prefix cache"],
    ["requests are preempted", { preemptions: 1 }, "the server preempted 3 times"],
    ["usage is missing", { omitUsage: true }, "alpha: the server sent no final usage"],
    [
      "an error comes inside the stream",
      { errorAfterTokens: 5 },
      "alpha: the server reported in the stream:",
    ],
    ["a reply ends early", { endAfterTokens: 7 }, "alpha: 7 tokens came instead of 30"],
    ["the connection is cut", { cutAfterTokens: 5 }, "alpha: the connection broke"],
    [
      "the server refuses",
      { refuse: { status: 429, message: "too many requests" } },
      "alpha: HTTP 429: too many requests",
    ],
  ])("when %s", async (_, oddity, reason) => {
    const same = "The very same words in each of the prompts, so that a cache could help. ".repeat(
      4,
    );
    const suite = {
      id: "x",
      tests: smallSuite.tests.map((test) => prompt(test.name, 30, same)),
    };
    const result = await passOn({ ...oddity }, { suite });
    expect(result.verdict.state).toBe("failed");
    expect(result.verdict.reasons.join("; ")).toContain(reason);
  });

  it("when the server's counts are wrong by only 1 %", async () => {
    const suite = { id: "x", tests: [prompt("alpha", 100), prompt("beta", 100)] };
    const result = await passOn({ miscount: 0.01, tpotMs: 1 }, { suite });
    expect(result.verdict).toMatchObject({ state: "failed", tokens_exact: false });
    expect(result.verdict.reasons.join("; ")).toContain(
      "output tokens: the server counted 202, we 200",
    );
  });

  it("when a second client uses the server", async () => {
    const server = await reference();
    const chat = chatRequest(server, prompt("other", 3), "fixed");
    let other: Promise<unknown> | undefined;
    const onTest = (): void => {
      other ??= sendChat(underTest(server), chat, 1, clock, never);
    };
    const result = await runPass(passRequest(underTest(server), { clock, onTest }), never);
    await other;
    expect(result.verdict.state).toBe("failed");
    expect(result.verdict.reasons.join("; ")).toContain("another client used the server");
  });

  it("when the server was restarted", async () => {
    const server = await reference();
    const onTest = (_: TestResult, index: number): void => {
      if (index === 2) server.restart();
    };
    const result = await runPass(passRequest(underTest(server), { clock, onTest }), never);
    expect(result.verdict).toMatchObject({ state: "failed" });
    expect(result.verdict.reasons.join("; ")).toContain("restarted");
  });

  it("when the engine failed, which the affected tests say", async () => {
    const server = await reference();
    const onTest = (_: TestResult, index: number): void => {
      if (index === 1) server.crash();
    };
    const result = await runPass(passRequest(underTest(server), { clock, onTest }), never);
    expect(result.verdict.state).toBe("failed");
    expect(result.tests.filter(({ outcome }) => outcome.kind === "failed")).toHaveLength(2);
  });

  it("but void, when the GPU was throttled, and its load levels are not run", async () => {
    const result = await passOn(
      { tpotMs: 150 },
      {
        load: [1, 2],
        sampleGpus: () =>
          Promise.resolve([
            { clockMhz: 900, powerW: 250, temperatureC: 94, throttle: ["hw_thermal_slowdown"] },
            { clockMhz: 1100, powerW: 240, temperatureC: 90, throttle: [] },
          ]),
      },
    );
    expect(result.verdict.state).toBe("void");
    expect(result.verdict.reasons).toContain("the GPU was throttled: hw_thermal_slowdown");
    expect(result.load).toEqual([]);
    expect(result.verdict["gpu_samples"]).toBeGreaterThan(0);
    expect(result.verdict).toMatchObject({
      gpu_clock_mhz: 1000,
      gpu_hottest_c: 94,
      gpu_most_w: 250,
    });
  });

  it("but void, when the tunnel stalled under a stream", async () => {
    const server = await reference({ clock: realClock(), ttftMs: 20, tpotMs: 4 });
    const sound = underTest(server);
    let opened = 0;
    const stalling = underTest(server, {
      open: async (signal) => {
        const socket = (await sound.open(signal)) as Socket;
        opened += 1;
        // The first connection is for short requests; the others are streams, which are paused for a while.
        if (opened === 3)
          setTimeout(() => {
            socket.pause();
            setTimeout(() => socket.resume(), 400);
          }, 60);
        return socket;
      },
    });
    const result = await runPass(passRequest(stalling, { clock: realClock() }), never);
    expect(result.verdict.state).toBe("void");
    expect(result.verdict.reasons.join("; ")).toContain("the connection stalled");
  });

  it("but void, when our own loop was blocked", async () => {
    const onTest = (_: TestResult, index: number): void => {
      if (index > 1) return;
      const end = performance.now() + 300;
      while (performance.now() < end);
    };
    const real = { clock: realClock() };
    const result = await passOn({ ...real, tpotMs: 2 }, { ...real, onTest });
    expect(result.verdict.state).toBe("void");
    expect(result.verdict.reasons.join("; ")).toContain("our own event loop was blocked for");
  });
});

describe("a misbehaving server does not mislead the client", () => {
  it.each<[string, Partial<ReferenceOptions>, Partial<RequestMetrics>]>([
    ["bytes split inside of events", { chunkBytes: 7 }, {}],
    ["comments", { comments: true }, {}],
    ["several tokens in an event", { tokensPerChunk: 3 }, { chunks: 11, firstTokens: 1 }],
    ["reasoning before the content", { reasoningTokens: 5 }, {}],
    ["no usage but the last", { omitContinuousUsage: true }, { firstTokens: 1 }],
  ])("%s", async (_, oddity, expected) => {
    const result = await passOn({ ...oddity });
    expect(faultsOf(result)).toEqual([]);
    for (const metrics of metricsOf(result))
      expect(metrics).toMatchObject({ completionTokens: 30, ...expected });
  });
});

describe("a server that stops answering", () => {
  const four = {
    id: "x",
    tests: ["one", "two", "three", "four"].map((name) => prompt(name, 30)),
  };
  const failuresOf = (result: PassResult): string[] =>
    result.tests.flatMap(({ outcome }) => (outcome.kind === "failed" ? [outcome.reason] : []));

  it("ends the pass after two tests in a row, which keeps the results of earlier tests", async () => {
    const server = await reference({ ttftMs: 1 });
    const reported: TestResult[] = [];
    const onTest = (test: TestResult, index: number): void => {
      reported.push(test);
      if (index === 1) server.crash();
    };
    const result = await runPass(
      passRequest(underTest(server), { clock, onTest, suite: four, load: [1, 2] }),
      never,
    );
    expect(reported.map(({ outcome }) => outcome.kind)).toEqual([
      "measured",
      ...Array.from({ length: 3 }, () => "failed"),
    ]);
    expect(failuresOf(result).at(-1)).toBeDefined();
    expect(result.verdict.state).not.toBe("sound");
    expect(metricsOf(result)).toHaveLength(1);
  });

  it("gets no third request and no load level", async () => {
    const silent = { ...clock, ceiling: (ms: number) => ms / 1_000 };
    const result = await passOn(
      { stallAfterTokens: 5, ttftMs: 1, tpotMs: 1 },
      { clock: silent, suite: four, load: [1, 2] },
    );
    expect(failuresOf(result).toSorted()).toEqual([
      "no byte for 60 s",
      "no byte for 60 s",
      "not sent: the server did not answer 2 tests in a row",
      "not sent: the server did not answer 2 tests in a row",
    ]);
    expect(result.noAnswer).toBe("the server did not answer 2 tests in a row");
    expect(result.load).toEqual([]);
  });

  it("fails the test if it refuses connections, whereas a lost link ends the pass", async () => {
    const server = await reference();
    const sound = underTest(server);
    let opened = 0;
    const refusing = underTest(server, {
      open: (signal) => {
        opened += 1;
        return opened > 3
          ? Promise.reject(new NoAnswerError("connection refused"))
          : sound.open(signal);
      },
    });
    const result = await runPass(passRequest(refusing, { clock, suite: four }), never);
    expect(metricsOf(result)).toHaveLength(2);
    expect(failuresOf(result)).toEqual(["connection refused", "connection refused"]);
    expect(result.noAnswer).toBe("the server did not answer 2 tests in a row");
  });
});
