import type { PlannedRun } from "../run-context.ts";

/** The same run with its cap lowered to its worst case; a lower cap stays. */
export function capAtWorst<T extends PlannedRun>(planned: T): T {
  const { plan, estimate } = planned;
  const maxCost = Math.min(plan.budget.maxCost ?? Infinity, estimate.worst.micros);
  return {
    ...planned,
    plan: { ...plan, budget: { ...plan.budget, maxCost } },
    estimate: { ...estimate, cap: maxCost },
  };
}
