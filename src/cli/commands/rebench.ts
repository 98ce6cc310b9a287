import { confirm } from "@inquirer/prompts";
import { SUITE_VERSION } from "../../evidence/method.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { shellWord } from "../../support/shell-word.ts";
import {
  meantPair,
  rebenchPlan,
  type PlanDefaults,
  type RebenchPlan,
} from "../../run/rebench-plan.ts";
import { loadPlan } from "../../run/load-plan.ts";
import { refreshDefaults } from "../../run/rebench-cost.ts";
import type { PlannedRun } from "../../run/run-context.ts";
import { startRun } from "../../run/start-run.ts";
import type { CommandCall, Handler } from "../command.ts";
import { columnsOf, printEstimate } from "../output/print-estimate.ts";
import { printRun } from "../output/print-run.ts";
import { readRecords } from "../read-results.ts";
import { runRequest } from "../requests.ts";
import { canAsk, withPrompt } from "../with-prompt.ts";
import { estimateOnly } from "./estimate.ts";
import { contextOf } from "./run.ts";

export const rebench: Handler = async (call) => {
  const context = await contextOf(call);
  const { options, terminal } = call;
  const only = chosen(options);
  const defaults = await refreshDefaults();
  const records = await readRecords(call);
  const made = rebenchPlan({
    records,
    defaults,
    suite: SUITE_VERSION,
    passes: options["passes"] as number | undefined,
    nowMs: Date.now(),
    staleAfterDays: staleDays(options, defaults),
    only,
  });
  if (only !== undefined) checkLeft(made, only, defaults);
  for (const { gpu, model, reasons } of made.left) {
    terminal.stderr.write(`left out: ${gpu} ${model}: ${reasons.join("; ")}\n`);
  }
  if (made.text === undefined) {
    terminal.stderr.write(`nothing is stale: ${String(made.fresh)} configurations are fresh\n`);
    return ExitCode.done;
  }
  for (const { gpu, model, reasons } of made.stale) {
    terminal.stderr.write(`stale: ${gpu} ${model}: ${reasons.join("; ")}\n`);
  }
  const source = { text: made.text, name: "<rebench>" };
  const request = { ...runRequest(call), subject: { kind: "plan", source } as const };
  if (options["dryRun"] === true)
    return estimateOnly(await loadPlan(source, request, context), call);
  checkConsent(call);
  const asked = (planned: PlannedRun): Promise<boolean> => agreed(planned, call);
  const asking = { ...context, reporter: { ...context.reporter, confirm: asked } };
  return printRun(await startRun(request, asking), call);
};

function chosen(
  options: CommandCall["options"],
): { readonly gpu: string; readonly model: string } | undefined {
  const gpu = options["gpu"] as string | undefined;
  const model = options["model"] as string | undefined;
  const stale = options["stale"] !== undefined;
  if (gpu !== undefined && model !== undefined && !stale) return { gpu, model };
  if (gpu === undefined && model === undefined && stale) return undefined;
  throw new SweepError("what to benchmark again is not clear", {
    exitCode: ExitCode.usage,
    hint: "give --gpu TYPE --model ID for one configuration, or --stale [DAYS] for all that are stale",
  });
}

/** @throws SweepError exit 2 when the one that was asked for is not to be had; of many it is told, and the others run. */
function checkLeft(
  { left: [left] }: RebenchPlan,
  only: { readonly gpu: string; readonly model: string },
  defaults: PlanDefaults,
): void {
  if (left === undefined) return;
  const meant = meantPair(only, defaults);
  throw new SweepError(`${only.gpu} with ${only.model} cannot be benchmarked again`, {
    exitCode: ExitCode.usage,
    reason: left.reasons.join("; "),
    hint:
      meant === undefined
        ? "nothing was sent; `maider-sweep benchmark-status` lists what has been measured"
        : `nothing was sent; did you mean --gpu ${shellWord(meant.gpu)} --model ${shellWord(meant.model)}?`,
  });
}

function staleDays(options: CommandCall["options"], defaults: PlanDefaults): number {
  if (typeof options["stale"] === "number") return options["stale"];
  const fromPlan = defaults["stale_after_days"];
  return typeof fromPlan === "number" ? fromPlan : 30;
}

/** @throws SweepError exit 2 when nobody can be asked, and neither the cap nor --yes is the consent. */
function checkConsent({ options, terminal }: CommandCall): void {
  if (consents(options) || canAsk(terminal)) return;
  throw new SweepError("nobody is here to agree to the cost", {
    exitCode: ExitCode.usage,
    hint: "give --max-cost USD or --yes; --dry-run shows the estimate",
  });
}

function consents(options: CommandCall["options"]): boolean {
  return options["yes"] === true || options["maxCost"] !== undefined;
}

/** Shows what it will cost, and asks whoever has not agreed yet; stdout is for the results. */
async function agreed({ plan, estimate }: PlannedRun, call: CommandCall): Promise<boolean> {
  const { options, terminal } = call;
  const given = consents(options);
  if (!given || options["quiet"] !== true)
    terminal.stderr.write(printEstimate(plan, estimate, columnsOf(terminal.stderr)));
  if (given) return true;
  return withPrompt(terminal, (context) =>
    confirm({ message: "Rent these now?", default: false }, context),
  );
}
