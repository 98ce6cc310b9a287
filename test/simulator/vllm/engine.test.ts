import { expect, test } from "vitest";
import { createEngine } from "../../../src/simulator/vllm/engine.ts";
import { createTimeline, type Timeline } from "../../../src/simulator/vllm/timeline.ts";
import { realClock } from "../../../src/support/clock.ts";

const TOKENS = 24;
const PREFILL_MS = 10;

/** A clock that only moves when `run` jumps to the next deadline. */
function jumpingTimeline(): Timeline & { run(): void } {
  let now = 0;
  let due: { readonly ms: number; readonly task: () => void }[] = [];
  return {
    ...createTimeline(() => realClock()),
    now: () => now,
    at: (ms, task) => {
      const entry = { ms, task };
      due.push(entry);
      return () => {
        due = due.filter((other) => other !== entry);
      };
    },
    run: () => {
      while (due.length > 0) {
        const next = due.reduce((a, b) => (b.ms < a.ms ? b : a));
        due = due.filter((other) => other !== next);
        now = next.ms;
        next.task();
      }
    },
  };
}

/** Milliseconds from the first token to the last, of so many requests that come at once. */
function decodeTimes(requests: number, stepMs: (running: number) => number): number[] {
  const timeline = jumpingTimeline();
  const engine = createEngine({
    timeline,
    maxNumSeqs: 256,
    cacheTokens: 65_536,
    blockTokens: 16,
    streamInterval: 1,
    noise: () => 1,
    profile: { prefillsQueue: false, prefillMs: () => PREFILL_MS, stepMs },
  });
  const states = Array.from({ length: requests }, () =>
    engine.submit({
      tokens: [1, 2, 3],
      salt: undefined,
      maxTokens: TOKENS,
      naturalTokens: Infinity,
      checkpoint: undefined,
      arrivedMs: 0,
      onOutputs: () => undefined,
      onEnd: () => undefined,
    }),
  );
  timeline.run();
  return states.map(({ firstMs, lastMs }) => lastMs - firstMs);
}

test.each([1, 3, 64])("the batch slows each of %i requests down by its factor", (requests) => {
  const spans = decodeTimes(requests, (running) => 2 * running);
  // The end of one speeds up what is left of the others; here all end at once.
  for (const span of spans) expect(span).toBeCloseTo(2 * requests * (TOKENS - 1), 6);
});

test("a stamp is told in wall time to less than a millisecond, even when the clock ticks while it is read", () => {
  const real = realClock();
  let ticked = false;
  const ticking = {
    ...real,
    now: () => {
      const start = Date.now();
      if (!ticked) while (Date.now() === start);
      ticked = true;
      return real.now();
    },
  };
  const stamp = performance.now();
  const told = createTimeline(() => ticking).epoch(stamp);
  expect(Math.abs(told - performance.timeOrigin - stamp)).toBeLessThan(0.5);
});
