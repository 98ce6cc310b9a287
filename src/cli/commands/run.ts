import { asDetached } from "../../run/detach.ts";
import { loadPlan } from "../../run/load-plan.ts";
import type { RunContext } from "../../run/run-context.ts";
import type { RunSubject } from "../../run/run-request.ts";
import { startRun } from "../../run/start-run.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { CommandCall, Handler } from "../command.ts";
import { printRun } from "../output/print-run.ts";
import { runContext } from "../output/run-reporter.ts";
import { runRequest } from "../requests.ts";
import { estimateOnly } from "./estimate.ts";

export const run: Handler = async (call) => {
  const context = await contextOf(call);
  const subject = subjectOf(call);
  const request = { ...runRequest(call), subject };
  if (call.options["dryRun"] === true && subject.kind === "plan")
    return estimateOnly(await loadPlan(subject.source, request, context), call);
  return printRun(await startRun(request, context), call);
};

/** Where a run writes; in a detached process it takes its secrets from its parent. */
export async function contextOf(call: CommandCall): Promise<RunContext> {
  const context = runContext(call, { json: call.options["json"] === true });
  const log = call.options["detached"] as string | undefined;
  return log === undefined ? context : asDetached(context, log);
}

function subjectOf({ options, parameters }: CommandCall): RunSubject {
  const [file] = parameters;
  const resume = options["resume"] as string | undefined;
  if (resume !== undefined) {
    if (file === undefined) return { kind: "resume", run: resume };
    throw new SweepError("--resume goes on with the plan of its run", {
      exitCode: ExitCode.usage,
      hint: "leave the plan out",
    });
  }
  if (file !== undefined) return { kind: "plan", source: { file } };
  throw new SweepError("no plan was named", {
    exitCode: ExitCode.usage,
    hint: "maider-sweep init writes one; then maider-sweep run plan.yaml --simulate",
  });
}
