import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nearest } from "../../src/support/nearest.ts";

const TYPES = ["g2-gpu-rtx4000a1-s", "g2-gpu-rtx4000a2-s", "g1-gpu-rtx6000-1"];

test.each([
  ["g2-gpu-rtx4000a2s", TYPES, "g2-gpu-rtx4000a2-s"],
  ["G1-GPU-RTX6000-1", TYPES, "g1-gpu-rtx6000-1"],
  ["pases", ["passes", "prompts"], "passes"],
  ["laod", ["load", "name"], "load"],
  ["xy", ["load", "name"], undefined],
  ["banana", TYPES, undefined],
  ["", ["load"], undefined],
])("the nearest to %j among %j is %j", (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});

test("an exact match is the nearest", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z0-9_-]{1,12}$/), { minLength: 1 }),
      (words) => {
        for (const word of words) expect(nearest(word, words)).toBe(word);
      },
    ),
  );
});
