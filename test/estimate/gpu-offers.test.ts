import { expect, test } from "vitest";
import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { gpuOffers } from "../../src/estimate/gpu-offers.ts";
import { builtInMarket, type Market } from "../../src/estimate/market.ts";
import { microUsd } from "../../src/support/money.ts";

const GPU = "g2-gpu-rtx4000a1-s";

function offerOf(market: Market, id = GPU) {
  return gpuOffers(market).find(({ gpu }) => gpu.id === id);
}

const live: Market = {
  ...builtInMarket(),
  source: "live",
  prices: new Map([
    [GPU, { hourly: microUsd(0.6), byRegion: new Map([["jp-osa", microUsd(0.5)]]) }],
  ]),
  availability: [
    { region: "us-ord", type: GPU, available: true },
    { region: "us-sea", type: GPU, available: false },
    { region: "jp-osa", type: GPU, available: true },
  ],
};

test("a live price comes with the regions in stock, cheapest first", () => {
  expect(offerOf(live)).toMatchObject({
    hourly: microUsd(0.6),
    regions: ["jp-osa", "us-ord"],
    prices: "live",
  });
});

test("a type that is sold out everywhere has no region", () => {
  const availability = live.availability.map((row) => ({ ...row, available: false }));
  expect(offerOf({ ...live, availability })?.regions).toEqual([]);
});

test("without the API, prices are built in and regions are those that usually offer the card", () => {
  const offer = offerOf(builtInMarket());
  expect(offer).toMatchObject({ hourly: microUsd(0.52), prices: "built-in" });
  expect(offer?.regions).toContain("us-ord");
});

test("a type that the API does not list has its built-in price, or is left out if it is not public", () => {
  expect(offerOf(live, "g1-gpu-rtx6000-1")).toMatchObject({ prices: "built-in" });
  const listed = gpuOffers(live).map(({ gpu }) => gpu.id);
  expect(listed).toEqual(GPU_TYPES.filter((gpu) => gpu.public).map(({ id }) => id));
});
