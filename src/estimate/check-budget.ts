import type { PlanBudget } from "../plan/coverage-plan.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { formatUsd, type MicroUsd } from "../support/money.ts";
import type { Estimate } from "./estimate.ts";

/** @throws SweepError exit 3 when the money allows not even the plan's cheapest entry */
export function checkBudget(
  estimate: Estimate,
  cap: MicroUsd,
  { maxCostPerEntry }: PlanBudget,
): void {
  const cheapest = Math.min(...estimate.rentals.map(({ worst }) => worst.micros));
  const enough = (Math.ceil(cheapest / 10_000) / 100).toFixed(2);
  if (cheapest > cap)
    throw new SweepError(`the cap of ${formatUsd(cap)} is below the cheapest entry of the plan`, {
      exitCode: ExitCode.budget,
      reason: `that entry reserves ${formatUsd(cheapest)} before it starts; all of the plan ${formatUsd(estimate.worst.micros)}`,
      hint: `--max-cost ${enough} would do for it; nothing was created`,
    });
  // Any of its regions may be the one: an entry that fits in the cheapest of them is not hopeless.
  const least = Math.min(
    ...estimate.rentals.flatMap(({ regions, reservedHours, worst }) =>
      regions.length === 0 ? [worst.micros] : regions.map(({ hourly }) => hourly * reservedHours),
    ),
  );
  if (maxCostPerEntry === undefined || least <= maxCostPerEntry) return;
  throw new SweepError(
    `max_cost_per_entry of ${formatUsd(maxCostPerEntry)} is below the cheapest entry of the plan`,
    {
      exitCode: ExitCode.budget,
      reason: `that entry reserves ${formatUsd(cheapest)} before it starts, so none would ever start`,
      hint: `budget.max_cost_per_entry: ${enough} would do for it; nothing was created`,
    },
  );
}
