import type { CoveragePlan } from "../../src/plan/coverage-plan.ts";
import { formatProblems } from "../../src/plan/format-problems.ts";
import { readPlan } from "../../src/plan/read-plan.ts";

/** Parses a plan. @throws if it has problems */
export function aPlan(text: string, source = "plans/test.yaml"): CoveragePlan {
  const reading = readPlan(text, source);
  if (!reading.ok) throw new Error(formatProblems(source, reading.problems));
  return reading.plan;
}

/** A plan with these entries, as YAML in flow style, and further top-level lines. */
export function planWith(entries: string, top = ""): CoveragePlan {
  return aPlan(`version: 1\nname: test\n${top}\nentries: ${entries}\n`);
}
