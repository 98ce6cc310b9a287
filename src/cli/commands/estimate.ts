import { estimateJson } from "../../estimate/estimate-json.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { dryRun } from "../../run/estimate-run.ts";
import { loadPlan } from "../../run/load-plan.ts";
import { ExitCode } from "../../support/errors.ts";
import type { CommandCall, Handler } from "../command.ts";
import { columnsOf, printEstimate } from "../output/print-estimate.ts";
import { planRequest } from "../requests.ts";

export const estimate: Handler = async (call) => {
  const [file = ""] = call.parameters;
  return estimateOnly(await loadPlan({ file }, planRequest(call), call.terminal), call);
};

/** Shows what a plan will cost; nothing but reads. */
export async function estimateOnly(plan: CoveragePlan, call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const found = await dryRun(plan, planRequest(call), terminal);
  const { packings } = found;
  terminal.stdout.write(
    options["json"] === true
      ? `${JSON.stringify(estimateJson(found.estimate, packings), undefined, 2)}\n`
      : printEstimate(found.plan, found.estimate, columnsOf(terminal.stdout), packings),
  );
  for (const warning of found.estimate.warnings) terminal.stderr.write(`warning: ${warning}\n`);
  return ExitCode.done;
}
