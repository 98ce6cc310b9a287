import { GPU_TYPES, PRICE_DATE } from "../catalog/gpu-catalog.ts";
import type { MicroUsd } from "../support/money.ts";

/** Current prices and availability. */
export interface Market {
  readonly source: "live" | "built-in";
  /** Date of the built-in prices, `YYYY-MM-DD`. */
  readonly date: string;
  /** The API refused the token, or requires one. */
  readonly refused?: boolean;
  /** By GPU type; `byRegion` has only the regions with another price. */
  readonly prices: ReadonlyMap<string, TypePrices>;
  /** The stock of a pair without a row is unknown. */
  readonly availability: readonly Availability[];
  /** Round-trip time to a region, milliseconds, if measured. */
  readonly roundTripMs?: ReadonlyMap<string, number>;
}

interface TypePrices {
  readonly hourly: MicroUsd;
  readonly byRegion: ReadonlyMap<string, MicroUsd>;
}

interface Availability {
  readonly region: string;
  readonly type: string;
  readonly available: boolean;
}

/** Built-in prices, for use without the API. Availability is unknown. */
export function builtInMarket(): Market {
  return {
    source: "built-in",
    date: PRICE_DATE,
    prices: new Map(GPU_TYPES.map(({ id, hourly }) => [id, { hourly, byRegion: new Map() }])),
    availability: [],
  };
}
