import type { RunContext, RunReporter } from "../../run/run-context.ts";
import type { CommandCall } from "../command.ts";
import { chooseView } from "./choose-view.ts";

/** How a run reaches whoever has typed the command: progress and warnings on stderr, `--json` on stdout. */
export function runContext(
  { options, terminal }: CommandCall,
  shown: { readonly json: boolean },
): RunContext {
  const { colour, env, signals, stderr, stdout } = terminal;
  const reporter: RunReporter = {
    warn: (text) => stderr.write(`warning: ${text}\n`),
    note: (text) => stderr.write(`${text}\n`),
    showProgress: (run) =>
      chooseView({
        ...run,
        json: shown.json,
        quiet: options["quiet"] === true,
        ci: (env["CI"] ?? "") !== "",
        colour,
        stdout,
        stderr,
      }),
  };
  return { env, signals, reporter };
}
