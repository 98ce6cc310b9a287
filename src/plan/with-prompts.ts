import type { Suite } from "../evidence/suite.ts";
import type { CoveragePlan } from "./coverage-plan.ts";

/** The plan with the prompts that its `prompts:` names; they are never mixed with the standard ones. */
export function withPrompts(plan: CoveragePlan, prompts: Suite): CoveragePlan {
  const entries = plan.entries.map((entry) => ({
    ...entry,
    configurations: entry.configurations.map((one) => ({ ...one, prompts })),
  }));
  return { ...plan, entries };
}
