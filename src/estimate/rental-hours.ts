import type { PlanBudget } from "../plan/coverage-plan.ts";
import type { MicroUsd } from "../support/money.ts";

/** From the deadline on: DELETE, and two looks that find the VM gone. */
export const DESTROY_MINUTES = 6;
/** Between the last pass and the end of the meter when nothing is in the way. */
const LEAVING_MINUTES = 1;

export interface RentalHours {
  /** Minutes after the create's sending at which everything stops. */
  readonly deadlineMinutes: number;
  /** Paid hours until proved gone, and one more: nobody has told whether an hour counts from the create or by the clock. */
  readonly reservedHours: number;
  readonly likelyHours: number;
}

/**
 * Whole hours for a rental: those that its worst case needs, at most what the budget allows one rental in time and
 * money. A rental gets one hour at least, even where that breaks the money limit: then the admission refuses it.
 */
export function rentalHours(
  likelyMinutes: number,
  worstMinutes: number,
  budget: PlanBudget,
  dearestHourly: MicroUsd,
  entries: number,
): RentalHours {
  const needed = Math.ceil((worstMinutes + DESTROY_MINUTES) / 60);
  const paid =
    budget.maxCostPerEntry === undefined
      ? Infinity
      : Math.max(1, Math.floor((budget.maxCostPerEntry * entries) / dearestHourly) - 1);
  const hours = Math.min(needed, budget.maxHoursPerRental, paid);
  const whole = Math.ceil(hours);
  return {
    deadlineMinutes: hours * 60 - DESTROY_MINUTES,
    reservedHours: whole + 1,
    likelyHours: Math.min(whole, Math.ceil((likelyMinutes + LEAVING_MINUTES) / 60)),
  };
}
