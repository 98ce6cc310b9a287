import type { PlanBudget } from "../plan/coverage-plan.ts";
import type { MicroUsd } from "../support/money.ts";

/** Time after the deadline to delete the VM and confirm the deletion. */
export const DESTROY_MINUTES = 6;
/** Usual time from the last pass until billing ends. */
export const SHUTDOWN_MINUTES = 1;

export interface RentalHours {
  /** Minutes from sending the create request until all work stops. */
  readonly deadlineMinutes: number;
  /**
   * Paid hours until the deletion is confirmed, plus one: Linode does not document whether hours are counted from the
   * create or are clock hours.
   */
  readonly reservedHours: number;
  readonly likelyHours: number;
}

/**
 * The longest rental that the budget allows, hours: `max_hours_per_rental`, or the whole hours that
 * `max_cost_per_entry` pays for, minus the additional hour that is reserved.
 */
export function maxRentalHours(budget: PlanBudget, highestHourly: MicroUsd): number {
  const { maxCostPerEntry, maxHoursPerRental } = budget;
  if (maxCostPerEntry === undefined) return maxHoursPerRental;
  // If the budget does not even pay for two hours, `checkBudget` or the admission refuses the entry.
  const paid = Math.max(1, Math.floor(maxCostPerEntry / highestHourly) - 1);
  return Math.min(maxHoursPerRental, paid);
}

/** The deadline and hours of a rental, for its worst case but at most `maxHours`. */
export function rentalHours(
  likelyMinutes: number,
  worstMinutes: number,
  maxHours: number,
): RentalHours {
  const needed = Math.ceil((worstMinutes + DESTROY_MINUTES) / 60);
  const hours = Math.min(needed, maxHours);
  const billed = Math.ceil(hours);
  return {
    deadlineMinutes: hours * 60 - DESTROY_MINUTES,
    reservedHours: billed + 1,
    likelyHours: Math.min(billed, Math.ceil((likelyMinutes + SHUTDOWN_MINUTES) / 60)),
  };
}
