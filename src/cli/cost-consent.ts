import type { RunReporter } from "../run/run-context.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { estimateText } from "./output/estimate-text.ts";
import { columnsOf } from "./output/table-style.ts";
import { pauseBeforeSpending } from "./pause-before-spending.ts";
import type { Terminal } from "./terminal.ts";
import { canAsk, withPrompt } from "./with-prompt.ts";

/**
 * Shows what a run will cost, and asks whether it may begin unless `--yes` or the cap has already agreed to it.
 * @throws SweepError exit 2 when consent is missing and there is no terminal to ask on
 */
export function costConsent(
  {
    maxCost,
    quiet,
    yes,
  }: { readonly maxCost?: number; readonly quiet?: true; readonly yes?: true },
  terminal: Terminal,
): NonNullable<RunReporter["confirm"]> {
  const given = yes === true || maxCost !== undefined;
  if (!given && !canAsk(terminal)) {
    throw new SweepError("there is no terminal to agree to the cost on", {
      exitCode: ExitCode.usage,
      hint: "give --max-cost USD or --yes; --dry-run shows the estimate",
    });
  }
  const pause = pauseBeforeSpending({ yes }, terminal);
  return async (run) => {
    if (!given || quiet !== true)
      terminal.stderr.write(
        estimateText(run.plan, run.estimate, columnsOf(terminal.stderr), [], !run.isCharged),
      );
    if (given) return pause(run);
    const { confirm } = await import("@inquirer/prompts");
    return withPrompt(terminal, (context) =>
      confirm({ message: "Rent these now?", default: false }, context),
    );
  };
}
