import type { PlanBudget } from "../plan/coverage-plan.ts";
import type { MicroUsd } from "../support/money.ts";

/** Time after the deadline to send DELETE and to see twice that the VM is gone. */
export const DESTROY_MINUTES = 6;
/** Usual time from the last pass until billing ends. */
export const LEAVING_MINUTES = 1;

export interface RentalHours {
  /** Minutes after the create's sending at which everything stops. */
  readonly deadlineMinutes: number;
  /** Paid hours until confirmed deleted, and one more: nobody has told whether an hour counts from the create or by the clock. */
  readonly reservedHours: number;
  readonly likelyHours: number;
}

/** The longest that the budget lets one rental be, in time and in money; fractions only by `max_hours_per_rental`. */
export function mostHours(budget: PlanBudget, dearestHourly: MicroUsd): number {
  const { maxCostPerEntry, maxHoursPerRental } = budget;
  if (maxCostPerEntry === undefined) return maxHoursPerRental;
  // Below two paid hours the money allows no rental at all; the admission says so, by its figures.
  const paid = Math.max(1, Math.floor(maxCostPerEntry / dearestHourly) - 1);
  return Math.min(maxHoursPerRental, paid);
}

/** Deadline and whole hours of a rental, for its worst case but at most `most` hours. */
export function rentalHours(
  likelyMinutes: number,
  worstMinutes: number,
  most: number,
): RentalHours {
  const needed = Math.ceil((worstMinutes + DESTROY_MINUTES) / 60);
  const hours = Math.min(needed, most);
  const whole = Math.ceil(hours);
  return {
    deadlineMinutes: hours * 60 - DESTROY_MINUTES,
    reservedHours: whole + 1,
    likelyHours: Math.min(whole, Math.ceil((likelyMinutes + LEAVING_MINUTES) / 60)),
  };
}
