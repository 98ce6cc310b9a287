import { expect, test } from "vitest";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import { checkOffers } from "../../src/sweep/check-offers.ts";
import { planWith } from "../plan/a-plan.ts";

const GPU = "g2-gpu-rtx4000a1-s";
const [planned] = estimatePlan(
  planWith(
    `[{gpu: ${GPU}, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ], passes: 1}]`,
    "regions: [br-gru, us-ord]",
  ),
  {
    ...builtInMarket(),
    prices: new Map([[GPU, { hourly: 520_000, byRegion: new Map([["br-gru", 730_000]]) }]]),
  },
).rentals;
if (planned === undefined) throw new Error("no rental");
const ports = {
  cloud: {
    prices: () =>
      Promise.resolve([{ id: GPU, hourly: 520_000, byRegion: new Map([["br-gru", 730_000]]) }]),
    availability: () => Promise.resolve([{ region: "br-gru", type: GPU, available: true }]),
  },
};
const offers = async (maxCostPerEntry: number | undefined): Promise<unknown> => {
  const found = await checkOffers(
    planned,
    ports,
    { maxCostPerEntry },
    new AbortController().signal,
  );
  return found instanceof Error ? found.message : found.map(({ region }) => region);
};

test("a region whose reservation passes max_cost_per_entry is not tried; where none is left, no waiting helps", async () => {
  expect(await offers(undefined)).toEqual(["br-gru", "us-ord"]);
  expect(await offers(1_460_000)).toEqual(["br-gru", "us-ord"]);
  expect(await offers(1_040_000)).toEqual(["us-ord"]);
  expect(await offers(1_030_000)).toBe("budget: it needs $1.04, max_cost_per_entry is $1.03");
});
