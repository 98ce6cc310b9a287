import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { customSuite, promptsOf } from "../../evidence/custom-suite.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { withPrompts } from "../../plan/with-prompts.ts";
import { writeFileAtomically } from "../../support/safe-file.ts";
import { planWithModels } from "../preflight/load-plan.ts";
import type { RunContext } from "../run-context.ts";
import type { PlanRequest } from "../run-request.ts";

const PLAN = "plan.yaml";
const PROMPTS = "prompts.json";

/** Copies the plan and its prompts to the run's folder, so that a resume does not need the original files. */
export async function savePlan(folder: string, plan: CoveragePlan): Promise<void> {
  const prompts = plan.entries[0]?.configurations[0]?.prompts;
  if (prompts !== undefined)
    await writeFileAtomically(join(folder, PROMPTS), JSON.stringify(promptsOf(prompts)));
  await writeFileAtomically(join(folder, PLAN), plan.text);
}

/**
 * Reads the saved plan of a run.
 * @param byVersion01 whether version 0.1 started the run: the plan then has the defaults of that version, so that
 *   recorded passes still match
 * @throws SweepError exit 2
 */
export async function readSavedPlan(
  folder: string,
  run: string,
  request: Pick<PlanRequest, "cloud" | "overrides">,
  context: Pick<RunContext, "env" | "signals">,
  byVersion01 = false,
): Promise<CoveragePlan> {
  const saved = await readFile(join(folder, PLAN), "utf8");
  const text = byVersion01 ? withDefaultsOf01(saved) : saved;
  const plan = await planWithModels(text, `<${run}>`, request, context);
  if (plan.prompts === undefined) return plan;
  const file = join(folder, PROMPTS);
  return withPrompts(plan, customSuite(JSON.parse(await readFile(file, "utf8")), file));
}

function withDefaultsOf01(text: string): string {
  const plan = parseDocument(text);
  for (const [key, value] of Object.entries({ max_model_len: 32_768, enforce_eager: false }))
    if (!plan.hasIn(["engine", key])) plan.setIn(["engine", key], value);
  return plan.toString();
}
