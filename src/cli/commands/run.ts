import { ExitCode, SweepError } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { asDetached } from "../../run/detached.ts";
import { loadPlan } from "../../run/load-plan.ts";
import { resumeRun } from "../../run/resume-run.ts";
import { runPlan } from "../../run/run-plan.ts";
import { estimateOnly } from "./estimate.ts";

export const run: Handler = async (given) => {
  const log = given.options["detached"] as string | undefined;
  const call = log === undefined ? given : await asDetached(given, log);
  const file = call.parameters[0];
  const resume = call.options["resume"] as string | undefined;
  if (resume !== undefined) {
    if (file !== undefined) {
      throw new SweepError("--resume goes on with the plan of its run", {
        exitCode: ExitCode.usage,
        hint: "leave the plan out",
      });
    }
    return resumeRun(resume, call);
  }
  if (file === undefined) {
    throw new SweepError("no plan was named", {
      exitCode: ExitCode.usage,
      hint: "maider-sweep init writes one; then maider-sweep run plan.yaml --simulate",
    });
  }
  const plan = await loadPlan(file, call);
  return call.options["dryRun"] === true ? estimateOnly(plan, call) : runPlan(plan, call);
};
