import { readFile } from "node:fs/promises";
import { applyOverrides } from "../plan/apply-overrides.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { formatProblems } from "../plan/format-problems.ts";
import { readPlan, unknownModels } from "../plan/read-plan.ts";
import type { KnownModels } from "../plan/resolve-entries.ts";
import { withPrompts } from "../plan/with-prompts.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { microUsd } from "../support/money.ts";
import type { CommandCall, Terminal } from "../cli/command.ts";
import { loadPrompts } from "./load-prompts.ts";

/** With the prompts that it names. @throws SweepError exit 2 with every problem at its line, before anything else was touched. */
export async function loadPlan(
  file: string,
  { options, terminal }: Pick<CommandCall, "options" | "terminal">,
): Promise<CoveragePlan> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SweepError(`the plan ${file} cannot be read`, {
      exitCode: ExitCode.usage,
      reason:
        code === "ENOENT"
          ? "there is no such file"
          : code === "EISDIR"
            ? "it is a folder"
            : (code ?? "unreadable"),
      hint: "name a YAML file; maider-sweep init writes one",
    });
  }
  const plan = await planWithModels(text, file, options, terminal);
  return plan.prompts === undefined ? plan : withPrompts(plan, await loadPrompts(plan.prompts));
}

/** The plan itself, with models that the catalogue lacks as the Hub tells them. @throws SweepError exit 2 */
export async function planWithModels(
  text: string,
  source: string,
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<CoveragePlan> {
  const unknown = unknownModels(text);
  if (unknown.length === 0) return planFromText(text, source, options);
  // What asks the Hub takes long to load, and few plans need it.
  const { knownModels } = await import("../hub/known-models.ts");
  return planFromText(text, source, options, await knownModels(unknown, options, terminal));
}

/**
 * The plan itself; `prompts:` is not followed.
 * @throws SweepError exit 2
 */
export function planFromText(
  text: string,
  source: string,
  options: Readonly<Record<string, unknown>>,
  known?: KnownModels,
): CoveragePlan {
  const reading = readPlan(text, source, known);
  if (!reading.ok) {
    const count = reading.problems.length;
    throw new SweepError(
      `the plan has ${String(count)} problem${count === 1 ? "" : "s"}\n${formatProblems(source, reading.problems)}`,
      { exitCode: ExitCode.usage, hint: "nothing was sent; mend the lines above and run it again" },
    );
  }
  const maxCost = options["maxCost"] as number | undefined;
  return applyOverrides(reading.plan, {
    maxCost: maxCost === undefined ? undefined : microUsd(maxCost),
    concurrency: options["concurrency"] as number | undefined,
    passes: options["passes"] as number | undefined,
    only: options["only"] as string | undefined,
    maxHours: options["maxHours"] as number | undefined,
    sshCidr: options["sshCidr"] as string | undefined,
  });
}
