import type { CoveragePlan, Entry } from "../plan/coverage-plan.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Estimate, Forecast, PlannedRental } from "./estimate.ts";
import { estimateWarnings } from "./estimate-warnings.ts";
import { forecastStages, totalMinutes, type Pace, type StageMinutes } from "./forecast.ts";
import type { Market } from "./market.ts";
import { planRentals } from "./plan-rentals.ts";
import { dearestHourly, isSoldOut, likeliestOffer, regionOffers } from "./region-offers.ts";
import { mostHours, rentalHours } from "./rental-hours.ts";

/**
 * What a plan will take, likely and at worst, in minutes, whole hours and money. A rental that is sold out now is part
 * of the worst case only. The worst case of a rental is what is reserved for it, in the dearest of its regions: a cap of
 * the whole worst case refuses nothing and makes nothing wait.
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
  if (first === undefined) throw new RangeError("a rental is for one entry at least");
  const configurations = entries.flatMap((entry) => entry.configurations);
  const regions = regionOffers(first.gpu, first.regions, market);
  const hourly = likeliestOffer(regions)?.hourly ?? first.gpu.hourly;
  const dearest = dearestHourly(first.gpu, regions);
  const likely = forecastStages(configurations, "likely");
  const worst = forecastStages(configurations, "worst");
  const { deadlineMinutes, reservedHours, likelyHours } = rentalHours(
    totalMinutes(likely),
    totalMinutes(worst),
    mostHours(plan.budget, dearest),
  );
  return {
    seq,
    entries,
    gpuId: first.gpu.id,
    configurations,
    regions,
    likely: forecast(likely, likelyHours, hourly),
    worst: forecast(worst, reservedHours, dearest),
    reservedHours,
    deadlineMinutes,
  };
}

function forecast(stages: StageMinutes, hours: number, hourly: MicroUsd): Forecast {
  return { minutes: totalMinutes(stages), stages, hours, micros: hours * hourly };
}

/** Minutes until the last rental ends if each takes as long as it may. */
export function longestMinutes({ rentals }: Estimate, concurrency: number): number {
  return wallMinutes(
    rentals.map(({ reservedHours }) => reservedHours * 60),
    concurrency,
  );
}

/** Rentals start in order, each as soon as one of the `concurrency` slots is free. */
function wallMinutes(minutes: readonly number[], concurrency: number): number {
  const lanes = Array.from({ length: concurrency }, () => 0);
  for (const one of minutes) {
    const free = lanes.indexOf(Math.min(...lanes));
    lanes[free] = (lanes[free] ?? 0) + one;
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
