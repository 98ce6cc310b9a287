import { expect, test } from "vitest";
import { estimatePlan } from "../../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../../src/estimate/market.ts";
import { capAtWorst } from "../../../src/run/preflight/cap-at-worst.ts";
import { planWith } from "../../plan/a-plan.ts";

const ENTRY = "{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}";

function planned(cap: number) {
  const plan = planWith(`[${ENTRY}]`, `budget: {max_cost: ${String(cap)}}`);
  return { plan, estimate: estimatePlan(plan, builtInMarket()) };
}

test("a cap above the worst case is lowered to it", () => {
  const { plan, estimate } = capAtWorst(planned(60));
  expect(estimate.worst.micros).toBeLessThan(60e6);
  expect(plan.budget.maxCost).toBe(estimate.worst.micros);
  expect(estimate.cap).toBe(estimate.worst.micros);
});

test("a cap below the worst case stays", () => {
  expect(capAtWorst(planned(0.1)).plan.budget.maxCost).toBe(100_000);
});
