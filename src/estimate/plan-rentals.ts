import type { CoveragePlan, Entry } from "../plan/coverage-plan.ts";
import { fewestHours, type VmHours } from "./fewest-hours.ts";
import { forecastStages, totalMinutes } from "./forecast.ts";
import type { Market } from "./market.ts";
import { dearestHourly, regionOffers } from "./region-offers.ts";
import { DESTROY_MINUTES, mostHours, rentalHours } from "./rental-hours.ts";

/**
 * Entries that share one VM, in the order of the plan. `fill-hours` merges entries of one GPU type and the same
 * regions so that the fewest hours are billed, since a started hour is paid whole and the set-up need be done once, as
 * long as the worst case of all stays within what the budget lets one rental last.
 */
export function planRentals(plan: CoveragePlan, market: Market): readonly (readonly Entry[])[] {
  if (plan.packing === "per-entry") return plan.entries.map((entry) => [entry]);
  const kinds = new Map<string, Entry[]>();
  for (const entry of plan.entries) {
    const kind = [entry.gpu.id, ...entry.regions].join();
    kinds.set(kind, [...(kinds.get(kind) ?? []), entry]);
  }
  const rentals = [...kinds.values()].flatMap((entries) =>
    fewestHours(entries, (group) => vmHours(group, plan, market)),
  );
  const place = (group: readonly Entry[]): number =>
    Math.min(...group.map((entry) => plan.entries.indexOf(entry)));
  return rentals.toSorted((a, b) => place(a) - place(b));
}

function vmHours(
  entries: readonly Entry[],
  plan: CoveragePlan,
  market: Market,
): VmHours | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  const price = dearestHourly(first.gpu, regionOffers(first.gpu, first.regions, market));
  const most = mostHours(plan.budget, price);
  const configurations = entries.flatMap((entry) => entry.configurations);
  const worst = totalMinutes(forecastStages(configurations, "worst"));
  if (entries.length > 1 && worst + DESTROY_MINUTES > most * 60) return undefined;
  const likely = totalMinutes(forecastStages(configurations, "likely"));
  const { likelyHours, reservedHours } = rentalHours(likely, worst, most);
  return { likely: likelyHours, reserved: reservedHours };
}
