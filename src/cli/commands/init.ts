import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { canAsk } from "../with-prompt.ts";
import type { CommandCall, Handler } from "../command.ts";
import { openCloudTarget } from "../../run/cloud-target.ts";
import { draftText, type PlanDraft } from "../init/plan-draft.ts";
import { planWithModels } from "../../run/load-plan.ts";
import { checkOutput } from "../output/output-file.ts";
import { readMarket } from "../../run/market.ts";
import { cloudRequest } from "../requests.ts";
import { Interrupted } from "../../support/interrupts.ts";
import { shellWord } from "../../support/shell-word.ts";
import { estimateOnly } from "./estimate.ts";

/** Writes a plan, from options or by asking; it is read back, and its estimate shown, before the file is made. */
export const init: Handler = async (call) => {
  const { options, terminal } = call;
  const file = (options["output"] as string | undefined) ?? "plan.yaml";
  await checkOutput(file, call);
  const draft = await completeDraft(draftOf(options), file, call).catch((error: unknown) => {
    if (!(error instanceof Interrupted)) throw error;
    return error;
  });
  if (draft === undefined || draft instanceof Interrupted) {
    terminal.stderr.write("nothing was written\n");
    return draft === undefined ? ExitCode.done : ExitCode.interrupted;
  }
  const text = draftText(draft);
  const cloud = cloudRequest(call);
  const plan = await planWithModels(text, file, { cloud, overrides: {} }, terminal);
  await estimateOnly(plan, call);
  try {
    const overwrite = options["yes"] === true || draft.overwrite;
    await writeFile(file, text, { flag: overwrite ? "w" : "wx" });
  } catch (error) {
    throw new SweepError(`the plan ${file} is not written`, {
      exitCode: ExitCode.usage,
      reason: (error as NodeJS.ErrnoException).code ?? "unwritable",
      hint: "name another with -o, or overwrite it with --yes",
    });
  }
  terminal.stderr.write(`wrote ${file}; next: maider-sweep run ${shellWord(file)} --simulate\n`);
  return ExitCode.done;
};

function draftOf(options: CommandCall["options"]): PlanDraft {
  return {
    gpus: list(options["gpu"]),
    models: list(options["model"]),
    suites: options["suites"] === undefined ? undefined : list(options["suites"]),
    passes: options["passes"] as number | undefined,
    maxCost: options["maxCost"] as number | undefined,
    packing: options["packing"] === "fill-hours" ? "fill-hours" : "per-entry",
  };
}

type Decided = PlanDraft & { readonly overwrite: boolean };

/** Asks for what the options leave open, on a terminal; without one they must say all. */
async function completeDraft(
  draft: PlanDraft,
  file: string,
  call: CommandCall,
): Promise<Decided | undefined> {
  const { options, terminal } = call;
  const whole = draft.gpus.length > 0 && draft.models.length > 0 && draft.maxCost !== undefined;
  if (whole) return { ...draft, overwrite: false };
  if (!canAsk(terminal)) {
    throw new SweepError("a plan needs GPU types, models and a cap", {
      exitCode: ExitCode.usage,
      reason: "--gpu, --model or --max-cost is missing, and nobody is here to be asked",
      hint: "maider-sweep init --help shows a whole line",
    });
  }
  const target = await openCloudTarget(cloudRequest(call), terminal.env, false);
  try {
    const market = await readMarket(target, terminal.signals.stop);
    const [{ questionsOn }, { wizard }] = await Promise.all([
      import("../init/ask.ts"),
      import("../init/wizard.ts"),
    ]);
    const ask = questionsOn(terminal, market);
    const made = await wizard(draft, market, ask, (text) => terminal.stderr.write(text));
    if (made === undefined) return undefined;
    const there = existsSync(file) && options["yes"] !== true;
    if (there && !(await ask.agree(`${file} is there already; overwrite it?`))) return undefined;
    return { ...made, overwrite: there };
  } finally {
    target.simulated?.release();
  }
}

function list(value: unknown): readonly string[] {
  return typeof value === "string" ? value.split(",").map((each) => each.trim()) : [];
}
