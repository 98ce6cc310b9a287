import type { CoveragePlan, Entry } from "../plan/coverage-plan.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Estimate, Forecast, PlannedRental } from "./estimate.ts";
import { estimateWarnings } from "./estimate-warnings.ts";
import { forecastStages, totalMinutes, type Pace, type StageMinutes } from "./forecast.ts";
import type { Market } from "./market.ts";
import { planRentals } from "./plan-rentals.ts";
import { highestHourly, isSoldOut, likelyOffer, regionOffers } from "./region-offers.ts";
import { maxRentalHours, rentalHours } from "./rental-hours.ts";

/**
 * Estimates the time, billed hours and cost of a plan, likely and in the worst case. Rentals that are sold out now count
 * only in the worst case. The worst case of a rental is its reservation in the most expensive of its regions, so with a
 * cap equal to the total worst case, no entry is refused and none waits.
 */
export function estimatePlan(plan: CoveragePlan, market: Market): Estimate {
  const rentals = planRentals(plan, market).map((entries, index) =>
    planRental(entries, index + 1, plan, market),
  );
  const soldOut = rentals.filter(({ regions }) => isSoldOut(regions));
  const inStock = rentals.filter((rental) => !soldOut.includes(rental));
  const estimate: Estimate = {
    rentals,
    skipped: plan.skipped,
    prices: market.source,
    cap: plan.budget.maxCost,
    likely: total(inStock, "likely"),
    worst: total(rentals, "worst"),
    wallMinutes: wallMinutes(
      inStock.map((rental) => rental.likely.minutes),
      plan.concurrency,
    ),
    soldOut,
    warnings: [],
  };
  return { ...estimate, warnings: estimateWarnings(plan, market, estimate) };
}

function planRental(
  entries: readonly Entry[],
  seq: number,
  plan: CoveragePlan,
  market: Market,
): PlannedRental {
  const [first] = entries;
  if (first === undefined) throw new RangeError("a rental needs at least one entry");
  const configurations = entries.flatMap((entry) => entry.configurations);
  const regions = regionOffers(first.gpu, first.regions, market);
  const hourly = likelyOffer(regions)?.hourly ?? first.gpu.hourly;
  const highest = highestHourly(first.gpu, regions);
  const likely = forecastStages(configurations, "likely");
  const worst = forecastStages(configurations, "worst");
  const { deadlineMinutes, reservedHours, likelyHours } = rentalHours(
    totalMinutes(likely),
    totalMinutes(worst),
    maxRentalHours(plan.budget, highest),
  );
  return {
    seq,
    entries,
    gpuId: first.gpu.id,
    configurations,
    regions,
    likely: forecast(likely, likelyHours, hourly),
    worst: forecast(worst, reservedHours, highest),
    reservedHours,
    deadlineMinutes,
  };
}

function forecast(stages: StageMinutes, hours: number, hourly: MicroUsd): Forecast {
  return { minutes: totalMinutes(stages), stages, hours, micros: hours * hourly };
}

/** Minutes until the last rental ends if each takes as long as is reserved. */
export function longestMinutes({ rentals }: Estimate, concurrency: number): number {
  return wallMinutes(
    rentals.map(({ reservedHours }) => reservedHours * 60),
    concurrency,
  );
}

/** Rentals start in order, each as soon as one of the `concurrency` slots is free. */
function wallMinutes(minutes: readonly number[], concurrency: number): number {
  const lanes = Array.from({ length: concurrency }, () => 0);
  for (const duration of minutes) {
    const earliest = lanes.indexOf(Math.min(...lanes));
    lanes[earliest] = (lanes[earliest] ?? 0) + duration;
  }
  return Math.max(...lanes);
}

function total(
  rentals: readonly PlannedRental[],
  pace: Pace,
): { readonly micros: MicroUsd; readonly hours: number } {
  return {
    micros: sum(rentals.map((rental) => rental[pace].micros)),
    hours: sum(rentals.map((rental) => rental[pace].hours)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
