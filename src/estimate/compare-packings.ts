import type { CoveragePlan } from "../plan/coverage-plan.ts";
import type { Estimate, PlannedRental } from "./estimate.ts";
import { estimatePlan } from "./estimate-plan.ts";
import type { Market } from "./market.ts";
import { passesSeconds } from "./pass-seconds.ts";
import { SHUTDOWN_MINUTES } from "./rental-hours.ts";

/** One way to distribute a plan's entries over VMs, and what it costs. */
export interface PackingCost {
  readonly packing: CoveragePlan["packing"];
  /** More VMs give better evidence, because machines of one type vary. */
  readonly vms: number;
  readonly likely: Estimate["likely"];
  readonly worst: Estimate["worst"];
  readonly wallMinutes: number;
  /** Minutes that are paid but not used. */
  readonly idleMinutes: number;
}

/** Both packings, the plan's own first. */
export function comparePackings(plan: CoveragePlan, market: Market): readonly PackingCost[] {
  const other = plan.packing === "per-entry" ? "fill-hours" : "per-entry";
  const packings: readonly CoveragePlan["packing"][] = [plan.packing, other];
  return packings.map((packing) => {
    const { rentals, soldOut, likely, worst, wallMinutes } = estimatePlan(
      { ...plan, packing },
      market,
    );
    const idleMinutes = rentals
      .filter((rental) => !soldOut.includes(rental))
      .reduce((sum, rental) => sum + idleTime(rental).minutes, 0);
    return { packing, vms: rentals.length, likely, worst, wallMinutes, idleMinutes };
  });
}

/** The unused part of a rental's paid hours, and how many more passes of its fastest configuration would fit. */
export interface IdleTime {
  readonly minutes: number;
  readonly model: string;
  readonly passes: number;
}

export function idleTime({ likely, configurations }: PlannedRental): IdleTime {
  const minutes = Math.max(0, likely.hours * 60 - likely.minutes);
  const quickest = configurations
    .map((configuration) => ({
      model: configuration.model.id,
      passMinutes:
        (passesSeconds({ ...configuration, passes: 2 }) -
          passesSeconds({ ...configuration, passes: 1 })) /
        60,
    }))
    .reduce((best, next) => (next.passMinutes < best.passMinutes ? next : best));
  const usable = Math.max(0, minutes - SHUTDOWN_MINUTES);
  return { minutes, model: quickest.model, passes: Math.floor(usable / quickest.passMinutes) };
}
