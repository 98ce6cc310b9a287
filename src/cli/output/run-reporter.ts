import { asDetached } from "../../run/detach.ts";
import type { RunContext, RunReporter } from "../../run/run-context.ts";
import type { Terminal } from "../terminal.ts";
import { chooseView } from "./choose-view.ts";

interface Shown {
  /** Events as NDJSON on stdout, instead of a view on stderr. */
  readonly json: boolean;
  readonly quiet: boolean;
}

/** How a run reaches whoever typed the command: progress and warnings on stderr, `--json` on stdout. */
export function runContext(terminal: Terminal, shown: Shown): RunContext {
  const { colour, env, signals, stderr, stdout } = terminal;
  const ci = (env["CI"] ?? "") !== "";
  const reporter: RunReporter = {
    warn: (text) => stderr.write(`warning: ${text}\n`),
    note: (text) => stderr.write(`${text}\n`),
    showProgress: (run) => chooseView({ ...run, ...shown, ci, colour, stdout, stderr }),
  };
  return { env, signals, reporter };
}

/** The context of `run` and `rebench`, which a detached process completes with what its parent sends. */
export async function detachableContext({
  options: { detached, json, quiet },
  terminal,
}: {
  readonly options: {
    readonly detached?: string;
    readonly json?: true;
    readonly quiet?: true;
  };
  readonly terminal: Terminal;
}): Promise<RunContext> {
  const context = runContext(terminal, { json: json === true, quiet: quiet === true });
  return detached === undefined ? context : asDetached(context, detached);
}
