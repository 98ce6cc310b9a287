import type { CoveragePlan, Entry } from "../plan/coverage-plan.ts";
import { forecastStages, totalMinutes } from "./forecast.ts";
import type { Market } from "./market.ts";
import { dearestHourly, regionOffers } from "./region-offers.ts";
import { DESTROY_MINUTES, mostHours } from "./rental-hours.ts";

/**
 * Entries that share one VM, in the order of the plan. `fill-hours` merges entries of one GPU type and the same
 * regions, since a started hour is paid whole and the set-up need be done once, as long as the worst case of all
 * stays within what the budget lets one rental last.
 */
export function planRentals(plan: CoveragePlan, market: Market): readonly (readonly Entry[])[] {
  if (plan.packing === "per-entry") return plan.entries.map((entry) => [entry]);
  const rentals: Entry[][] = [];
  for (const entry of plan.entries) {
    const price = dearestHourly(entry.gpu, regionOffers(entry.gpu, entry.regions, market));
    const most = mostHours(plan.budget, price);
    const open = rentals.find((entries) => mayJoin(entries, entry, most));
    if (open === undefined) rentals.push([entry]);
    else open.push(entry);
  }
  return rentals;
}

function mayJoin(entries: readonly Entry[], entry: Entry, most: number): boolean {
  const [first] = entries;
  if (first === undefined || first.gpu.id !== entry.gpu.id) return false;
  if (first.regions.join() !== entry.regions.join()) return false;
  const configurations = [...entries, entry].flatMap((one) => one.configurations);
  const worst = totalMinutes(forecastStages(configurations, "worst"));
  return worst + DESTROY_MINUTES <= most * 60;
}
