import type { Suite } from "../evidence/suite.ts";
import type { CoveragePlan } from "./coverage-plan.ts";

/** The plan with the user's prompts instead of the standard suites. */
export function withPrompts(plan: CoveragePlan, prompts: Suite): CoveragePlan {
  const entries = plan.entries.map((entry) => ({
    ...entry,
    configurations: entry.configurations.map((one) => ({ ...one, prompts })),
  }));
  return { ...plan, entries };
}
