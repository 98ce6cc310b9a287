import { CloudError, REFUSED_KINDS } from "../../cloud/cloud.ts";
import { builtInMarket, type Market } from "../../estimate/market.ts";
import { connectReader, type CloudAccess } from "../wire.ts";

/** Short, because the user is waiting. */
const PATIENCE_MS = 15_000;

/**
 * Reads live prices and stock, or returns the built-in prices, about which the estimate warns, if the API does not answer.
 * No token is needed; if the given one is refused, reads without it.
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
