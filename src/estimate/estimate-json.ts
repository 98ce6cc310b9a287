import { usd } from "../support/money.ts";
import { idleTime, type PackingCost } from "./compare-packings.ts";
import type { Estimate, PlannedRental } from "./estimate.ts";
import { isSoldOut, likelyOffer } from "./region-offers.ts";

/** The output of `estimate --json`, in US dollars and whole minutes. `worst` is the amount that would be reserved. */
export interface EstimateJson {
  readonly currency: "USD";
  readonly cap: number | null;
  /** Excludes GPU types that are sold out now. */
  readonly likely: { readonly usd: number; readonly hours: number };
  readonly worst: { readonly usd: number; readonly hours: number };
  readonly wall_minutes: number;
  readonly rentals: readonly RentalJson[];
  readonly skipped: readonly {
    readonly gpu: string;
    readonly model: string;
    readonly reason: string;
  }[];
  readonly prices: "live" | "built-in";
  /** Rentals whose GPU type is out of stock in every allowed region, with their likely cost if that changes. */
  readonly sold_out: readonly {
    readonly gpu: string;
    readonly likely_usd: number;
    readonly likely_hours: number;
  }[];
  /** Both packings, the plan's own first. */
  readonly packings: readonly {
    readonly packing: string;
    readonly vms: number;
    readonly likely_usd: number;
    readonly likely_hours: number;
    readonly worst_usd: number;
    readonly worst_hours: number;
    readonly wall_minutes: number;
    readonly idle_minutes: number;
  }[];
}

interface RentalJson {
  readonly gpu: string;
  readonly region: string | null;
  readonly models: readonly string[];
  readonly price_per_hour: number;
  readonly minutes: number;
  readonly likely_hours: number;
  readonly worst_hours: number;
  readonly likely_usd: number;
  readonly worst_usd: number;
  /** Null if unknown. */
  readonly in_stock: boolean | null;
  /** Paid minutes that are likely not used, and the passes that would fit into them. */
  readonly idle_minutes: number;
  readonly idle_passes: number;
}

export function estimateJson(
  estimate: Estimate,
  packings: readonly PackingCost[] = [],
): EstimateJson {
  const { cap, likely, worst, wallMinutes, rentals, skipped, prices, soldOut } = estimate;
  return {
    currency: "USD",
    cap: cap === undefined ? null : usd(cap),
    likely: { usd: usd(likely.micros), hours: likely.hours },
    worst: { usd: usd(worst.micros), hours: worst.hours },
    wall_minutes: Math.round(wallMinutes),
    rentals: rentals.map(rentalJson),
    skipped: skipped.map(({ gpu, model, reason }) => ({ gpu, model, reason })),
    prices,
    sold_out: soldOut.map(({ gpuId, likely: missing }) => ({
      gpu: gpuId,
      likely_usd: usd(missing.micros),
      likely_hours: missing.hours,
    })),
    packings: packings.map((cost) => ({
      packing: cost.packing,
      vms: cost.vms,
      likely_usd: usd(cost.likely.micros),
      likely_hours: cost.likely.hours,
      worst_usd: usd(cost.worst.micros),
      worst_hours: cost.worst.hours,
      wall_minutes: Math.round(cost.wallMinutes),
      idle_minutes: Math.round(cost.idleMinutes),
    })),
  };
}

function rentalJson(rental: PlannedRental): RentalJson {
  const { likely, worst } = rental;
  const idle = idleTime(rental);
  return {
    gpu: rental.gpuId,
    region: likelyOffer(rental.regions)?.region ?? null,
    models: rental.configurations.map(({ model }) => model.id),
    price_per_hour: usd(likely.micros / likely.hours),
    minutes: Math.round(likely.minutes),
    likely_hours: likely.hours,
    worst_hours: worst.hours,
    likely_usd: usd(likely.micros),
    worst_usd: usd(worst.micros),
    in_stock: inStock(rental),
    idle_minutes: Math.round(idle.minutes),
    idle_passes: idle.passes,
  };
}

function inStock({ regions }: PlannedRental): boolean | null {
  if (regions.some(({ stock }) => stock === true)) return true;
  return isSoldOut(regions) ? false : null;
}
