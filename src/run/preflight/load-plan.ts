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

type Request = Pick<PlanRequest, "cloud" | "overrides">;
type Context = Pick<RunContext, "env" | "signals">;

/**
 * Loads a plan with its prompts file, and looks up models that are not in the catalogue.
 * @throws SweepError exit 2 that lists every problem with its line
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

/** Parses a plan without loading its prompts file. @throws SweepError exit 2 */
export async function planWithModels(
  text: string,
  name: string,
  { cloud, overrides }: Request,
  { env, signals }: Context,
): Promise<CoveragePlan> {
  const unknown = unknownModels(text);
  if (unknown.length === 0) return planFromText(text, name, overrides);
  // Imported only if needed, because the Hub's client is slow to load.
  const { knownModels } = await import("../../hub/known-models.ts");
  const cache = join(cloud.locations.stateDir, "models");
  const known = await knownModels(unknown, hubAccess(cloud, env), cache, signals.stop);
  return planFromText(text, name, overrides, known);
}

/** Parses a plan with models of the catalogue and of `known`, without any look-up. @throws SweepError exit 2 */
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
    {
      exitCode: ExitCode.usage,
      hint: "nothing was sent; correct the lines above and run it again",
    },
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
