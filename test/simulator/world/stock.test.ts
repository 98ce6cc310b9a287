import * as fc from "fast-check";
import { expect, test } from "vitest";
import { order, testWorld } from "../test-world.ts";

const NEVER_SOLD_OUT = "g2-gpu-rtx4000a1-s";
const OLDEST = "g1-gpu-rtx6000-4";

/** GPU types that no region has. */
function soldOutTypes(seed: number): readonly string[] {
  const rows = testWorld({ seed }).world.stock();
  const types = [...new Set(rows.map(({ plan }) => plan))].filter((plan) => plan.includes("-gpu-"));
  return types.filter((type) => !rows.some(({ plan, available }) => plan === type && available));
}

test.each([1, 2, 3, 4, 5])("in the world of seed %i every type is in stock", (seed) => {
  expect(soldOutTypes(seed)).toEqual([]);
});

test("other seeds sell out scarce types, and never the cheapest ones", () => {
  const worlds = Array.from({ length: 40 }, (_, index) => soldOutTypes(6 + index));
  for (const types of worlds) {
    expect(types).toContain(OLDEST);
    expect(types.every((type) => /^(g1|g3)-|rtx4000a4/.test(type))).toBe(true);
  }
  expect(new Set(worlds.map((types) => types.join())).size).toBeGreaterThan(10);
});

test("all sizes with the same number of GPUs sell out together, the same for the same seed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 1e6 }), (seed) => {
      const types = soldOutTypes(seed);
      expect(types).toEqual(soldOutTypes(seed));
      expect(types.includes("g2-gpu-rtx4000a4-s")).toBe(types.includes("g2-gpu-rtx4000a4-m"));
    }),
    { numRuns: 20 },
  );
});

test("a sold-out type is refused wherever it is asked for, in the capacity text", () => {
  const { ask } = testWorld({ seed: 6 });
  const refused = ask("POST", "/linode/instances", order({ type: OLDEST, region: "eu-central" }));
  expect(refused).toMatchObject({
    status: 403,
    body: {
      errors: [
        { reason: "The Linode plan you chose is not currently available in the selected region" },
      ],
    },
  });
  expect(ask("POST", "/linode/instances", order({ type: NEVER_SOLD_OUT })).status).toBe(200);
});
