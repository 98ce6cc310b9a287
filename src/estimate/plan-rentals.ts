import type { CoveragePlan, Entry } from "../plan/coverage-plan.ts";
import { fewestHours, type VmHours } from "./fewest-hours.ts";
import { forecastStages, totalMinutes } from "./forecast.ts";
import type { Market } from "./market.ts";
import { highestHourly, regionOffers } from "./region-offers.ts";
import { DESTROY_MINUTES, maxRentalHours, rentalHours } from "./rental-hours.ts";

/**
 * Groups the entries of a plan by the VM that they share, in the order of the plan. `fill-hours` merges entries of the
 * same GPU type and regions so that the fewest hours are billed, if their worst case fits the longest rental that the
 * budget allows. This saves set-up time and unused parts of billed hours.
 */
export function planRentals(plan: CoveragePlan, market: Market): readonly (readonly Entry[])[] {
  if (plan.packing === "per-entry") return plan.entries.map((entry) => [entry]);
  const mergeable = Map.groupBy(plan.entries, ({ gpu, regions }) => [gpu.id, ...regions].join());
  const rentals = [...mergeable.values()].flatMap((entries) =>
    fewestHours(entries, (group) => vmHours(group, plan, market)),
  );
  const firstIndex = (group: readonly Entry[]): number =>
    Math.min(...group.map((entry) => plan.entries.indexOf(entry)));
  return rentals.toSorted((a, b) => firstIndex(a) - firstIndex(b));
}

function vmHours(
  entries: readonly Entry[],
  plan: CoveragePlan,
  market: Market,
): VmHours | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  const price = highestHourly(first.gpu, regionOffers(first.gpu, first.regions, market));
  const maxHours = maxRentalHours(plan.budget, price);
  const configurations = entries.flatMap((entry) => entry.configurations);
  const worst = totalMinutes(forecastStages(configurations, "worst"));
  if (entries.length > 1 && worst + DESTROY_MINUTES > maxHours * 60) return undefined;
  const likely = totalMinutes(forecastStages(configurations, "likely"));
  const { likelyHours, reservedHours } = rentalHours(likely, worst, maxHours);
  return { likely: likelyHours, reserved: reservedHours };
}
