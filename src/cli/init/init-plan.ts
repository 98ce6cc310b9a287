import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { openCloudTarget } from "../../run/cloud-access/cloud-target.ts";
import { planWithModels } from "../../run/preflight/load-plan.ts";
import { readMarket } from "../../run/preflight/read-market.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { Interrupted } from "../../support/interrupts.ts";
import { shellWord } from "../../support/shell-word.ts";
import { checkOutput } from "../output/output-file.ts";
import { printDryRun } from "../output/print-dry-run.ts";
import { cloudRequest, planRequest, type SharedCall } from "../requests.ts";
import { connecting } from "../output/connecting.ts";
import type { Terminal } from "../terminal.ts";
import { canAsk, withPrompt } from "../with-prompt.ts";
import { offerRun, type OfferPorts } from "./offer-run.ts";
import { draftText, type PlanDraft } from "./plan-draft.ts";

/** The call of `init`; lists are separated by commas. */
type InitCall = SharedCall & {
  readonly options: {
    readonly gpu?: string;
    readonly model?: string;
    readonly output?: string;
    readonly packing?: PlanDraft["packing"];
    readonly suites?: string;
    readonly yes?: true;
  };
  readonly terminal: Terminal;
};

type AgreedDraft = PlanDraft & {
  /** Whether it may replace a file that exists. */
  readonly overwrite: boolean;
  /** Whether a person on a terminal has answered questions. */
  readonly asked: boolean;
};

/** Writes a plan, from options or by asking. It is read back, and its estimate shown, before the file is written. */
export async function initPlan(call: InitCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const { output: file = "plan.yaml" } = options;
  await checkOutput(file, call);
  const draft = await completeDraft(draftOf(call), file, call).catch((error: unknown) => {
    if (!(error instanceof Interrupted)) throw error;
    return error;
  });
  if (draft === undefined || draft instanceof Interrupted) {
    terminal.stderr.write("nothing was written\n");
    return draft === undefined ? ExitCode.done : ExitCode.interrupted;
  }
  const text = draftText(draft, dirname(resolve(file)));
  const cloud = cloudRequest(call);
  const plan = await planWithModels(text, file, { cloud, overrides: {} }, terminal);
  const { cap, likely } = await printDryRun(plan, planRequest(call), {}, terminal);
  try {
    const overwrite = options.yes === true || draft.overwrite;
    await writeFile(file, text, { flag: overwrite ? "w" : "wx" });
  } catch (error) {
    throw new SweepError(`the plan ${file} is not written`, {
      exitCode: ExitCode.usage,
      reason: (error as NodeJS.ErrnoException).code ?? "unwritable",
      hint: "name another with -o, or overwrite it with --yes",
    });
  }
  terminal.stderr.write(`wrote ${file}\n`);
  if (draft.asked)
    return offerRun({ file, likely: likely.micros, cap }, options, offerPorts(terminal));
  terminal.stderr.write(`next: maider-sweep run ${shellWord(file)} --simulate\n`);
  return ExitCode.done;
}

function offerPorts(terminal: Terminal): OfferPorts {
  return {
    choose: async (message, choices) => {
      const { select } = await import("@inquirer/prompts");
      return withPrompt(terminal, (context) => select({ message, choices }, context));
    },
    run: async (argv) => {
      const { runProgram } = await import("../program.ts");
      return runProgram(argv, terminal);
    },
  };
}

function draftOf({ options }: InitCall): PlanDraft {
  const { gpu, model, suites, passes, maxCost, packing = "per-entry" } = options;
  return {
    gpus: namesIn(gpu),
    models: namesIn(model),
    suites: suites === undefined ? undefined : namesIn(suites),
    passes,
    maxCost,
    packing,
  };
}

/** Asks for what the options leave open, on a terminal; without one they must be complete. */
async function completeDraft(
  draft: PlanDraft,
  file: string,
  call: InitCall,
): Promise<AgreedDraft | undefined> {
  const { options, terminal } = call;
  const { gpus, models, maxCost } = draft;
  if (gpus.length > 0 && models.length > 0 && maxCost !== undefined)
    return { ...draft, overwrite: false, asked: false };
  if (!canAsk(terminal)) {
    throw new SweepError("a plan needs GPU types, models and a cap", {
      exitCode: ExitCode.usage,
      reason: "--gpu, --model or --max-cost is missing, and there is no terminal to ask on",
      hint: "maider-sweep help init shows a whole line",
    });
  }
  const target = await openCloudTarget(cloudRequest(call), terminal.env, false);
  try {
    const market = await connecting(readMarket(target, terminal.signals.stop), options, terminal);
    const { questionsOn } = await import("./ask.ts");
    const { wizard } = await import("./wizard.ts");
    const ask = questionsOn(terminal, market);
    const made = await wizard(draft, market, ask, (text) => terminal.stderr.write(text));
    if (made === undefined) return undefined;
    const exists = existsSync(file) && options.yes !== true;
    if (exists && !(await ask.agree(`${file} exists; overwrite it?`))) return undefined;
    return { ...made, overwrite: exists, asked: true };
  } finally {
    target.simulated?.release();
  }
}

function namesIn(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(",").map((name) => name.trim());
}
