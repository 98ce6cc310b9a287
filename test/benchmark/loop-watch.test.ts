import { describe, expect, it } from "vitest";
import { clientSlowed, watchLoop } from "../../src/benchmark/loop-watch.ts";

const calm = { longestMs: 3, p99Ms: 1, samples: 5_000, utilisation: 0.2 };
const measured = { shortestDecodeS: 2, tpotS: 0.02, speed: 1 };

describe("the watch on our own event loop", () => {
  it.each([
    ["a calm loop", calm, measured, false],
    ["a stop of 5 % of the shortest test", { ...calm, longestMs: 100 }, measured, false],
    ["a longer one", { ...calm, longestMs: 101 }, measured, true],
    [
      "the same stop where tests decode for longer",
      { ...calm, longestMs: 101 },
      { ...measured, shortestDecodeS: 3 },
      false,
    ],
    [
      "25 ms in a short test",
      { ...calm, longestMs: 25 },
      { ...measured, shortestDecodeS: 0.1 },
      false,
    ],
    [
      "26 ms in a short test",
      { ...calm, longestMs: 26 },
      { ...measured, shortestDecodeS: 0.1 },
      true,
    ],
    ["a delay of a quarter of the TPOT that comes always", { ...calm, p99Ms: 5 }, measured, false],
    ["more than a quarter", { ...calm, p99Ms: 5.1 }, measured, true],
    ["the same for a slow model", { ...calm, p99Ms: 5.1 }, { ...measured, tpotS: 0.04 }, false],
    ["a percentile of too few samples", { ...calm, p99Ms: 9, samples: 298 }, measured, false],
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
    [
      "no measurement at all",
      calm,
      { shortestDecodeS: undefined, tpotS: undefined, speed: 1 },
      false,
    ],
  ])("%s", (_, loop, tests, slowed) => {
    expect(clientSlowed(loop, tests) !== undefined).toBe(slowed);
  });

  it("sees a blocked loop", async () => {
    using watch = watchLoop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const end = performance.now() + 120;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(watch.read().longestMs).toBeGreaterThan(100);
  });
});
