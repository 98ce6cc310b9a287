import { describe, expect, it } from "vitest";
import { warmUp, warmUpTests } from "../../src/benchmark/warm-up.ts";
import { standardSuite } from "../../src/evidence/standard-suite.ts";
import { startReferenceServer } from "../support/reference-server.ts";
import { linearClock } from "../../src/support/clock.ts";
import { never, passRequest, underTest } from "./reference.ts";

describe("warming up", () => {
  const { tests } = standardSuite();

  it("uses the smallest, the middle and the largest prompt, with other content and short replies", () => {
    const chosen = warmUpTests(tests, 3, "seed");
    const sizes = tests
      .map((test) => test.messages[0]?.content.length ?? 0)
      .toSorted((a, b) => a - b);
    expect(chosen.map((test) => test.messages[0]?.content.length)).toEqual([
      sizes[0],
      sizes[6],
      sizes.at(-1),
    ]);
    const texts = new Set(tests.map((test) => test.messages[0]?.content));
    for (const test of chosen.slice(1)) expect(texts.has(test.messages[0]?.content)).toBe(false);
    for (const test of chosen) expect(test.maxTokens).toBeLessThanOrEqual(64);
    expect(warmUpTests([], 3, "seed")).toEqual([]);
  });

  it("sends three requests, whatever the replies", async () => {
    const clock = linearClock({ v0: 0, w0: 0, speed: 10 });
    for (const refuse of [undefined, { status: 500, message: "no" }]) {
      const reference = await startReferenceServer({
        ttftMs: 1,
        tpotMs: 1,
        clock,
        ...(refuse === undefined ? {} : { refuse }),
      });
      await warmUp(passRequest(underTest(reference), { clock }), never);
      expect(reference.served()).toHaveLength(refuse === undefined ? 3 : 0);
      await reference.close();
    }
  });
});
