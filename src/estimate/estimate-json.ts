import { usd } from "../support/money.ts";
import { idleOf, type PackingCost } from "./compare-packings.ts";
import type { Estimate, PlannedRental } from "./estimate.ts";
import { isSoldOut, likeliestOffer } from "./region-offers.ts";

/** What `estimate --json` prints. Money in dollars, times in whole minutes; `worst` is what would be reserved. */
export interface EstimateJson {
  readonly currency: "USD";
  readonly cap: number | null;
  /** Without what is sold out now. */
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
  /** GPU types without stock in any region that the plan allows, with what they are likely to cost if that changes. */
  readonly sold_out: readonly {
    readonly gpu: string;
    readonly likely_usd: number;
    readonly likely_hours: number;
  }[];
  /** Both ways to put the entries on VMs, the plan's own first. */
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
  /** Null: unknown for every region. */
  readonly in_stock: boolean | null;
  /** Paid and likely not used, and what that would still measure. */
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
    packings: packings.map((one) => ({
      packing: one.packing,
      vms: one.vms,
      likely_usd: usd(one.likely.micros),
      likely_hours: one.likely.hours,
      worst_usd: usd(one.worst.micros),
      worst_hours: one.worst.hours,
      wall_minutes: Math.round(one.wallMinutes),
      idle_minutes: Math.round(one.idleMinutes),
    })),
  };
}

function rentalJson(rental: PlannedRental): RentalJson {
  const { likely, worst } = rental;
  const idle = idleOf(rental);
  return {
    gpu: rental.gpuId,
    region: likeliestOffer(rental.regions)?.region ?? null,
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
