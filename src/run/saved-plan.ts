import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { customSuite, promptsOf } from "../evidence/custom-suite.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { withPrompts } from "../plan/with-prompts.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import { planWithModels } from "./load-plan.ts";
import type { RunContext } from "./run-context.ts";
import type { PlanRequest } from "./run-request.ts";

const PLAN = "plan.yaml";
const PROMPTS = "prompts.json";

/** Puts the plan and its prompts into the run's folder, so that a resume needs neither file. */
export async function savePlan(folder: string, plan: CoveragePlan): Promise<void> {
  const prompts = plan.entries[0]?.configurations[0]?.prompts;
  if (prompts !== undefined)
    await writeFileAtomically(join(folder, PROMPTS), JSON.stringify(promptsOf(prompts)));
  await writeFileAtomically(join(folder, PLAN), plan.text);
}

/** The plan with which a run began. @throws SweepError exit 2 */
export async function readSavedPlan(
  folder: string,
  run: string,
  request: Pick<PlanRequest, "cloud" | "overrides">,
  context: Pick<RunContext, "env" | "signals">,
): Promise<CoveragePlan> {
  const text = await readFile(join(folder, PLAN), "utf8");
  const plan = await planWithModels(text, `<${run}>`, request, context);
  if (plan.prompts === undefined) return plan;
  const file = join(folder, PROMPTS);
  return withPrompts(plan, customSuite(JSON.parse(await readFile(file, "utf8")), file));
}
