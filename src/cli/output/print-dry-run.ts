import type { Estimate } from "../../estimate/estimate.ts";
import { estimateJson } from "../../estimate/estimate-json.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { dryRun } from "../../run/preflight/estimate-run.ts";
import type { PlanRequest } from "../../run/run-request.ts";
import type { Terminal } from "../terminal.ts";
import { connecting } from "./connecting.ts";
import { jsonText } from "./json.ts";
import { estimateText } from "./estimate-text.ts";
import { columnsOf } from "./table-style.ts";

/** Shows what a plan will take and cost; reads only. @returns the estimate */
export async function printDryRun(
  plan: CoveragePlan,
  request: PlanRequest,
  { json = false, quiet = false }: { readonly json?: boolean; readonly quiet?: boolean },
  terminal: Terminal,
): Promise<Estimate> {
  const { apiUrl, simulate } = request.cloud;
  const found = await connecting(
    dryRun(plan, request, terminal),
    { quiet, simulate, apiUrl },
    terminal,
  );
  const { estimate, packings } = found;
  const simulated = simulate !== undefined;
  terminal.stdout.write(
    json
      ? jsonText(estimateJson(estimate, packings))
      : estimateText(found.plan, estimate, columnsOf(terminal.stdout), packings, simulated),
  );
  for (const warning of estimate.warnings) terminal.stderr.write(`warning: ${warning}\n`);
  return estimate;
}
