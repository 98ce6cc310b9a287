import type { PlanBudget } from "../plan/coverage-plan.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { formatUsd, type MicroUsd } from "../support/money.ts";
import type { Estimate } from "./estimate.ts";

/** @throws SweepError exit 3 if the cap or `max_cost_per_entry` is too low for every entry of the plan */
export function checkBudget(
  estimate: Estimate,
  cap: MicroUsd,
  { maxCostPerEntry }: PlanBudget,
): void {
  const cheapest = Math.min(...estimate.rentals.map(({ worst }) => worst.micros));
  const sufficient = (Math.ceil(cheapest / 10_000) / 100).toFixed(2);
  if (cheapest > cap)
    throw new SweepError(`the cap of ${formatUsd(cap)} is below the cheapest entry of the plan`, {
      exitCode: ExitCode.budget,
      reason: `that entry reserves ${formatUsd(cheapest)} before it starts; all of the plan ${formatUsd(estimate.worst.micros)}`,
      hint: `--max-cost ${sufficient} is enough for it; nothing was created`,
    });
  // An entry may start if it is affordable in the cheapest of its regions.
  const cheapestRegion = Math.min(
    ...estimate.rentals.flatMap(({ regions, reservedHours, worst }) =>
      regions.length === 0 ? [worst.micros] : regions.map(({ hourly }) => hourly * reservedHours),
    ),
  );
  if (maxCostPerEntry === undefined || cheapestRegion <= maxCostPerEntry) return;
  throw new SweepError(
    `max_cost_per_entry of ${formatUsd(maxCostPerEntry)} is below the cheapest entry of the plan`,
    {
      exitCode: ExitCode.budget,
      reason: `that entry reserves ${formatUsd(cheapest)} before it starts, so no entry would start`,
      hint: `budget.max_cost_per_entry: ${sufficient} is enough for it; nothing was created`,
    },
  );
}
