import { USUAL_REGIONS } from "../catalog/gpu-catalog.ts";
import type { GpuType } from "../catalog/gpu-types.ts";
import type { MicroUsd } from "../support/money.ts";
import type { RegionOffer } from "./estimate.ts";
import type { Market } from "./market.ts";

/**
 * Regions to try for a GPU type, in order: those of the plan, or by default all that offer the type, sorted by stock (in
 * stock, unknown, sold out), price and distance. Sold-out regions are included, because stock changes several times a
 * day.
 */
export function regionOffers(
  gpu: GpuType,
  wanted: readonly string[],
  market: Market,
): readonly RegionOffer[] {
  const rows = market.availability.filter(({ type }) => type === gpu.id);
  const stock = new Map(rows.map(({ region, available }) => [region, available]));
  const price = market.prices.get(gpu.id) ?? { hourly: gpu.hourly, byRegion: new Map() };
  const offer = (region: string): RegionOffer => ({
    region,
    hourly: price.byRegion.get(region) ?? price.hourly,
    stock: stock.get(region),
  });
  if (wanted.length > 0) return wanted.map(offer);
  const regions = rows.length > 0 ? [...stock.keys()] : USUAL_REGIONS[gpu.card.id];
  return regions
    .map(offer)
    .toSorted(
      (a, b) => stockRank(a) - stockRank(b) || a.hourly - b.hourly || byDistance(a, b, market),
    );
}

/** Regions without a measured round-trip time come last, in the order of the API. */
function byDistance(a: RegionOffer, b: RegionOffer, { roundTripMs }: Market): number {
  const [first, second] = [roundTripMs?.get(a.region), roundTripMs?.get(b.region)];
  if (first !== undefined && second !== undefined) return first - second;
  return Number(first === undefined) - Number(second === undefined);
}

function stockRank({ stock }: RegionOffer): number {
  if (stock === undefined) return 1;
  return stock ? 0 : 2;
}

/** Whether all regions are known to be out of stock. */
export function isSoldOut(offers: readonly RegionOffer[]): boolean {
  return offers.length > 0 && offers.every(({ stock }) => stock === false);
}

/** The highest price per hour, which a reservation must assume because any of the regions may be used. */
export function highestHourly(gpu: GpuType, offers: readonly RegionOffer[]): MicroUsd {
  return offers.length === 0 ? gpu.hourly : Math.max(...offers.map((offer) => offer.hourly));
}

/** The region that will most likely be used. */
export function likelyOffer(offers: readonly RegionOffer[]): RegionOffer | undefined {
  return offers.find(({ stock }) => stock !== false) ?? offers[0];
}
