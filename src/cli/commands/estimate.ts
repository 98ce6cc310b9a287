import { comparePackings } from "../../estimate/compare-packings.ts";
import { estimateJson } from "../../estimate/estimate-json.ts";
import { ExitCode } from "../../support/errors.ts";
import type { CommandCall, Handler } from "../command.ts";
import { openCloudTarget } from "../../run/cloud-target.ts";
import { loadPlan } from "../../run/load-plan.ts";
import { prepare } from "../../run/prepare.ts";
import { columnsOf, printEstimate } from "../output/print-estimate.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";

export const estimate: Handler = async (call) => {
  return estimateOnly(await loadPlan(call.parameters[0] ?? "", call), call);
};

/** The dry run: it is given a reader, and never an object that could create anything. */
export async function estimateOnly(plan: CoveragePlan, call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const target = await openCloudTarget(options, terminal, false);
  try {
    const prepared = await prepare(plan, target, options, terminal.signals.stop);
    const { plan: wanted, estimate: planned, market } = prepared;
    const packings = comparePackings(wanted, market);
    terminal.stdout.write(
      options["json"] === true
        ? `${JSON.stringify(estimateJson(planned, packings), undefined, 2)}\n`
        : printEstimate(wanted, planned, columnsOf(terminal.stdout), packings),
    );
    for (const warning of prepared.estimate.warnings)
      terminal.stderr.write(`warning: ${warning}\n`);
    return ExitCode.done;
  } finally {
    target.simulated?.release();
  }
}
