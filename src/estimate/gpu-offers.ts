import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { GpuType } from "../catalog/gpu-types.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Market } from "./market.ts";
import { regionOffers } from "./region-offers.ts";

/** A GPU type with its current price and regions. */
export interface GpuOffer {
  readonly gpu: GpuType;
  /** Per hour, without regional differences. */
  readonly hourly: MicroUsd;
  /** Regions with stock, cheapest first; if the stock is unknown, those that usually offer the card. */
  readonly regions: readonly string[];
  readonly prices: Market["source"];
}

/** The public GPU types, and those that the API lists for this account. */
export function gpuOffers(market: Market): readonly GpuOffer[] {
  const isLive = (id: string): boolean => market.source === "live" && market.prices.has(id);
  return GPU_TYPES.filter((gpu) => gpu.public || isLive(gpu.id)).map((gpu) => ({
    gpu,
    hourly: market.prices.get(gpu.id)?.hourly ?? gpu.hourly,
    regions: regionOffers(gpu, [], market)
      .filter(({ stock }) => stock !== false)
      .map(({ region }) => region),
    prices: isLive(gpu.id) ? "live" : "built-in",
  }));
}
