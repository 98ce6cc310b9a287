import type { PlannedRun } from "../run-context.ts";

/** Lowers the cap of a run to its worst case, unless it is lower already. */
export function capAtWorst<T extends PlannedRun>(planned: T): T {
  const { plan, estimate } = planned;
  const maxCost = Math.min(plan.budget.maxCost ?? Infinity, estimate.worst.micros);
  return {
    ...planned,
    plan: { ...plan, budget: { ...plan.budget, maxCost } },
    estimate: { ...estimate, cap: maxCost },
  };
}
