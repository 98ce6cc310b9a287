import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sizeSuite, sizeTest } from "../../src/benchmark/size-suite.ts";
import { STANDARD_TESTS, promptHash, standardSuite } from "../../src/evidence/standard-suite.ts";
import type { Test } from "../../src/evidence/suite.ts";
import { startReferenceServer } from "../support/reference-server.ts";
import { linearClock } from "../../src/support/clock.ts";
import { never, smallSuite, underTest } from "./reference.ts";

const heavy = STANDARD_TESTS.filter((test) => test.context !== undefined);
const content = (test: Test): string => test.messages[0]?.content ?? "";

describe("sizing a prompt", () => {
  it.each(heavy.map((test) => [test.name, test] as const))(
    "comes within 32 tokens, or one line, of its target in at most 8 questions, for any tokenizer: %s",
    async (_, template) => {
      const target = template.context?.tokens ?? 0;
      await fc.assert(
        fc.asyncProperty(
          fc.double({ min: 2.4, max: 5, noNaN: true }),
          fc.integer({ min: 5, max: 60 }),
          async (characters, template_) => {
            let calls = 0;
            const count = (test: Test): Promise<number> => {
              calls += 1;
              return Promise.resolve(Math.ceil(content(test).length / characters) + template_);
            };
            const sized = await sizeTest(template, target, count);
            expect(calls).toBeLessThanOrEqual(8);
            const tokens = await count(sized as Test);
            expect(tokens).toBeLessThanOrEqual(target);
            // A line of 110 characters has 46 tokens if a token has 2.4 characters.
            expect(tokens).toBeGreaterThanOrEqual(target - Math.max(32, 150 / characters));
          },
        ),
        { numRuns: 20 },
      );
    },
  );

  it("stops at once if the server cannot count or the prompt exceeds its window", async () => {
    const [template] = heavy;
    let calls = 0;
    const answer = (tokens: number | undefined) => () => {
      calls += 1;
      return Promise.resolve(tokens);
    };
    expect(await sizeTest(template!, 2048, answer(undefined))).toBeUndefined();
    expect((await sizeTest(template!, 2048, answer(Infinity)))?.name).toBe(template?.name);
    expect(calls).toBe(2);
  });
});

describe("sizing a suite", () => {
  it("sizes the four contexts to 2k, 8k, 4k and 16k of the server's tokens and leaves other tests unchanged", async () => {
    const clock = linearClock({ v0: 0, w0: 0, speed: 10 });
    const reference = await startReferenceServer({ ttftMs: 1, tpotMs: 1, clock });
    try {
      const before = standardSuite();
      const sized = await sizeSuite(underTest(reference), before, clock, never);
      expect(sized.id).toBe(before.id);
      expect(sized.tests.map((test) => test.name)).toEqual(before.tests.map((test) => test.name));
      for (const test of sized.tests) expect(test.sha256).toBe(promptHash(test.messages));
      expect(sized.tests.slice(0, 4)).toEqual(before.tests.slice(0, 4));
      expect(sized.tests.slice(4, 8)).not.toEqual(before.tests.slice(4, 8));
      expect(await sizeSuite(underTest(reference), sized, clock, never)).toEqual(sized);
      expect(await sizeSuite(underTest(reference), smallSuite, clock, never)).toBe(smallSuite);
    } finally {
      await reference.close();
    }
  });
});
