import { CloudError } from "../cloud/cloud.ts";
import type { CloudReader } from "../cloud/cloud.ts";
import { builtInMarket } from "../estimate/market.ts";
import type { Market } from "../estimate/market.ts";

/** Live prices and stock; the built-in prices, which the estimate warns of, when the API cannot be reached. */
export async function readMarket(reader: CloudReader, signal: AbortSignal): Promise<Market> {
  try {
    const [prices, availability] = await Promise.all([
      reader.prices(signal),
      reader.availability(signal),
    ]);
    return {
      ...builtInMarket(),
      source: "live",
      prices: new Map(prices.map(({ id, hourly, byRegion }) => [id, { hourly, byRegion }])),
      availability,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CloudError) return builtInMarket();
    throw error;
  }
}
