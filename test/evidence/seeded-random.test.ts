import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, shuffled, xoshiro128ss } from "../../src/evidence/seeded-random.ts";

describe("seeded random numbers", () => {
  it("match the reference output of xoshiro128** for the state 1, 2, 3, 4", () => {
    const random = xoshiro128ss([1, 2, 3, 4]);
    expect(Array.from({ length: 4 }, () => random.uint32())).toEqual([11520, 0, 5927040, 70819200]);
  });

  it("are reproducible from a seed", () => {
    const random = seededRandom("maider-sweep");
    expect(Array.from({ length: 3 }, () => random.uint32())).toMatchInlineSnapshot(`
      [
        2501864902,
        794918825,
        2328364896,
      ]
    `);
  });

  it("stay within their bounds", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1e6 }), (seed, end) => {
        const value = seededRandom(seed).below(end);
        return Number.isInteger(value) && value >= 0 && value < end;
      }),
    );
  });

  it("shuffle a copy that has the same items", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.integer()), (seed, items) => {
        const before = [...items];
        const ascending = (a: number, b: number): number => a - b;
        expect(shuffled(items, seededRandom(seed)).toSorted(ascending)).toEqual(
          before.toSorted(ascending),
        );
        expect(items).toEqual(before);
      }),
    );
  });

  it("shuffle each item to each position about equally often", () => {
    const random = seededRandom("places");
    const counts = [0, 0, 0, 0];
    for (let round = 0; round < 4_000; round += 1) {
      const position = shuffled(["a", "b", "c", "d"], random).indexOf("a");
      counts[position] = (counts[position] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
