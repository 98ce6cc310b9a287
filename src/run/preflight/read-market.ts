import { CloudError, REFUSED_KINDS } from "../../cloud/cloud.ts";
import { builtInMarket, type Market } from "../../estimate/market.ts";
import { connectReader, type CloudAccess } from "../wire.ts";

/** Prices are for a person who waits. */
const PATIENCE_MS = 15_000;

/**
 * Live prices and stock; the built-in prices, which the estimate warns of, when the API does not give them. They need
 * no token, but a refused one spoils them: then they are read without it.
 */
export async function readMarket(access: CloudAccess, signal: AbortSignal): Promise<Market> {
  const reader = connectReader(access, PATIENCE_MS);
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
    if (!(error instanceof CloudError)) throw error;
    if (!REFUSED_KINDS.has(error.kind)) return builtInMarket();
    const refused = { refused: true } as const;
    if (access.token === undefined) return { ...builtInMarket(), ...refused };
    return { ...(await readMarket({ ...access, token: undefined }, signal)), ...refused };
  }
}
