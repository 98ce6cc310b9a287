import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPrefixCache } from "../../../src/simulator/vllm/prefix-cache.ts";

const token = fc.integer({ min: 0, max: 9 });

describe("prefix cache", () => {
  test("stored prompts are found in full blocks, except for the last token, which is always computed", () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 80 }), (tokens) => {
        const cache = createPrefixCache(8, 100);
        expect(cache.match(tokens, "a")).toBe(0);
        cache.keep(tokens, "a");
        expect(cache.match(tokens, "a")).toBe(8 * Math.floor((tokens.length - 1) / 8));
        expect(cache.match(tokens, "b")).toBe(0);
        expect(cache.match(tokens, undefined)).toBe(0);
      }),
    );
  });

  test("only a common beginning is shared", () => {
    const long = fc.array(token, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(long, long, (one, other) => {
        const cache = createPrefixCache(4, 100);
        cache.keep(one, undefined);
        let common = 0;
        while (common < Math.min(one.length, other.length) && one[common] === other[common])
          common += 1;
        expect(cache.match(other, undefined)).toBeLessThanOrEqual(common);
      }),
    );
  });

  test("the oldest blocks are evicted", () => {
    const cache = createPrefixCache(4, 2);
    const [old, fresh] = [Array<number>(8).fill(1), Array<number>(8).fill(2)];
    cache.keep(old, undefined);
    cache.keep(fresh, undefined);
    expect(cache.match([...fresh, 0], undefined)).toBe(8);
    expect(cache.match([...old, 0], undefined)).toBe(0);
  });
});
