import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { applyOverrides, type PlanOverrides } from "../../plan/apply-overrides.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { formatProblems } from "../../plan/format-problems.ts";
import { readPlan, unknownModels } from "../../plan/read-plan.ts";
import type { KnownModels } from "../../plan/resolve-entries.ts";
import { withPrompts } from "../../plan/with-prompts.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { hubAccess } from "../cloud-access/hub-access.ts";
import { loadPrompts } from "./load-prompts.ts";
import type { RunContext } from "../run-context.ts";
import type { PlanRequest, PlanSource } from "../run-request.ts";

/** What reading a plan needs of its request and of the process. */
type Request = Pick<PlanRequest, "cloud" | "overrides">;
type Context = Pick<RunContext, "env" | "signals">;

/**
 * A plan, with the prompts that it names; models that the catalogue lacks are looked up.
 * @throws SweepError exit 2 with every problem at its line
 */
export async function loadPlan(
  source: PlanSource,
  request: Request,
  context: Context,
): Promise<CoveragePlan> {
  const { text, name } =
    "file" in source ? { text: await readText(source.file), name: source.file } : source;
  const plan = await planWithModels(text, name, request, context);
  return plan.prompts === undefined ? plan : withPrompts(plan, await loadPrompts(plan.prompts));
}

/** The same without following `prompts:`. @throws SweepError exit 2 */
export async function planWithModels(
  text: string,
  name: string,
  { cloud, overrides }: Request,
  { env, signals }: Context,
): Promise<CoveragePlan> {
  const unknown = unknownModels(text);
  if (unknown.length === 0) return planFromText(text, name, overrides);
  // What asks the Hub takes long to load, and few plans need it.
  const { knownModels } = await import("../../hub/known-models.ts");
  const cache = join(cloud.locations.stateDir, "models");
  const known = await knownModels(unknown, hubAccess(cloud, env), cache, signals.stop);
  return planFromText(text, name, overrides, known);
}

/** The same with the models that the catalogue knows, and `known` ones. @throws SweepError exit 2 */
export function planFromText(
  text: string,
  name: string,
  overrides: PlanOverrides,
  known?: KnownModels,
): CoveragePlan {
  const reading = readPlan(text, name, known);
  if (reading.ok) return applyOverrides(reading.plan, overrides);
  const count = reading.problems.length;
  throw new SweepError(
    `the plan has ${String(count)} problem${count === 1 ? "" : "s"}\n${formatProblems(name, reading.problems)}`,
    { exitCode: ExitCode.usage, hint: "nothing was sent; mend the lines above and run it again" },
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      ENOENT: "there is no such file",
      EISDIR: "it is a folder",
    };
    throw new SweepError(`the plan ${file} cannot be read`, {
      exitCode: ExitCode.usage,
      reason: reasons[code ?? ""] ?? code ?? "unreadable",
      hint: "name a YAML file; maider-sweep init writes one",
    });
  }
}
