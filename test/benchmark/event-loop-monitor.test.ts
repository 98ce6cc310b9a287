import { describe, expect, it } from "vitest";
import { clientDelayReason, monitorEventLoop } from "../../src/benchmark/event-loop-monitor.ts";

const calm = { longestMs: 3, p99Ms: 1, samples: 5_000, utilisation: 0.2 };
const measured = { decodeS: [2, 6, 4], speed: 1 };

describe("the event loop monitor", () => {
  it.each([
    ["a calm loop", calm, measured, false],
    ["a stop of 5 % of the shortest test", { ...calm, longestMs: 100 }, measured, false],
    ["a longer one", { ...calm, longestMs: 101 }, measured, true],
    [
      "the same stop where all tests decode for longer",
      { ...calm, longestMs: 101 },
      { ...measured, decodeS: [3, 4, 5] },
      false,
    ],
    ["25 ms in a short test", { ...calm, longestMs: 25 }, { ...measured, decodeS: [0.1] }, false],
    ["26 ms in a short test", { ...calm, longestMs: 26 }, { ...measured, decodeS: [0.1] }, true],
    ["1 % of the mean test that comes always", { ...calm, p99Ms: 40 }, measured, false],
    ["more than 1 %", { ...calm, p99Ms: 41 }, measured, true],
    ["5 ms in short tests", { ...calm, p99Ms: 5 }, { ...measured, decodeS: [0.2] }, false],
    ["6 ms in short tests", { ...calm, p99Ms: 6 }, { ...measured, decodeS: [0.2] }, true],
    ["a percentile of too few samples", { ...calm, p99Ms: 90, samples: 298 }, measured, false],
    [
      "half a second on a fast clock",
      { ...calm, longestMs: 500, p99Ms: 50 },
      { ...measured, speed: 60 },
      false,
    ],
    [
      "more than a second on any clock",
      { ...calm, longestMs: 1_001 },
      { ...measured, speed: 60 },
      true,
    ],
    ["no measurement at all", calm, { decodeS: [], speed: 1 }, false],
  ])("%s", (_, loop, tests, slowed) => {
    expect(clientDelayReason(loop, tests) !== undefined).toBe(slowed);
  });

  it("measures how long the loop was blocked", async () => {
    using watch = monitorEventLoop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const end = performance.now() + 120;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(watch.read().longestMs).toBeGreaterThan(100);
  });
});
