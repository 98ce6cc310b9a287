import type { CloudReader } from "../cloud/cloud.ts";
import type { RegionOffer, PlannedRental } from "../estimate/estimate.ts";
import { formatUsd } from "../support/money.ts";
import type { SweepSettings } from "./settings.ts";

/** A higher price than this factor times the estimate's needs the user's consent again. */
const PRICE_TOLERANCE = 1.01;

/**
 * Reads current prices and stock.
 * @returns the regions to try, in the plan's order but with those in stock first; or an Error that says why the rental
 *   must not start: no stock, an unknown or increased price, or a cost above `max_cost_per_entry` in every region
 * @throws CloudError, or the signal's reason
 */
export async function checkOffers(
  planned: PlannedRental,
  ports: { readonly cloud: Pick<CloudReader, "prices" | "availability"> },
  { maxCostPerEntry }: Pick<SweepSettings, "maxCostPerEntry">,
  signal: AbortSignal,
): Promise<readonly [RegionOffer, ...RegionOffer[]] | Error> {
  const [prices, availability] = await Promise.all([
    ports.cloud.prices(signal),
    ports.cloud.availability(signal),
  ]);
  const price = prices.find(({ id }) => id === planned.gpuId);
  if (price === undefined) return new Error(`the API offers no ${planned.gpuId} to this account`);
  const stock = new Map(
    availability
      .filter(({ type }) => type === planned.gpuId)
      .map(({ region, available }) => [region, available]),
  );
  const offers = planned.regions.map(({ region }) => ({
    region,
    hourly: price.byRegion.get(region) ?? price.hourly,
    stock: stock.get(region),
  }));
  for (const [index, { region, hourly }] of offers.entries()) {
    const estimated = planned.regions[index]?.hourly ?? 0;
    if (hourly > estimated * PRICE_TOLERANCE) {
      return new Error(
        `the price in ${region} rose from ${formatUsd(estimated)} to ${formatUsd(hourly)} an hour`,
      );
    }
  }
  const lowest = Math.min(...offers.map(({ hourly }) => hourly)) * planned.reservedHours;
  if (maxCostPerEntry !== undefined && offers.length > 0 && lowest > maxCostPerEntry) {
    return new Error(
      `budget: it needs ${formatUsd(lowest)}, max_cost_per_entry is ${formatUsd(maxCostPerEntry)}`,
    );
  }
  const [first, ...others] = offers
    .filter(({ hourly }) => hourly * planned.reservedHours <= (maxCostPerEntry ?? Infinity))
    .filter((offer) => offer.stock !== false)
    .toSorted((a, b) => Number(b.stock ?? false) - Number(a.stock ?? false));
  if (first !== undefined) return [first, ...others];
  const names = planned.regions.map(({ region }) => region);
  const where = names.length > 4 ? `any of ${String(names.length)} regions` : names.join(", ");
  return new Error(`no stock of ${planned.gpuId} in ${where === "" ? "any other region" : where}`);
}
