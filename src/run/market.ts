import { CloudError, REFUSED_KINDS } from "../cloud/cloud.ts";
import type { LinodeConnectionOptions } from "../cloud/linode-connection.ts";
import { createLinodeReader } from "../cloud/linode-cloud.ts";
import { builtInMarket } from "../estimate/market.ts";
import type { Market } from "../estimate/market.ts";

/**
 * Live prices and stock; the built-in prices, which the estimate warns of, when the API does not tell them. They need
 * no token, but a refused one spoils them: then they are read without it.
 */
export async function readMarket(
  options: LinodeConnectionOptions,
  signal: AbortSignal,
): Promise<Market> {
  const reader = createLinodeReader(options);
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
    if (options.token === undefined) return { ...builtInMarket(), ...refused };
    return { ...(await readMarket({ ...options, token: undefined }, signal)), ...refused };
  }
}
