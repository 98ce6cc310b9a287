import { detachedContext } from "../../run/detach.ts";
import type { RunContext, RunReporter } from "../../run/run-context.ts";
import { alarmText } from "../../teardown/alarm-text.ts";
import { locationFlags } from "../requests.ts";
import type { Terminal } from "../terminal.ts";
import { chooseView } from "./choose-view.ts";
import type { ProgressView } from "./progress-view.ts";

interface Shown {
  /** Events as NDJSON on stdout, instead of a view on stderr. */
  readonly json: boolean;
  readonly quiet: boolean;
  /** Options with which another command finds the same state folder, each after a space. */
  readonly where: string;
}

/** How a run reaches whoever typed the command: progress and warnings on stderr, `--json` on stdout. */
export function runContext(terminal: Terminal, shown: Shown): RunContext {
  const { colour, env, signals, stderr, stdout } = terminal;
  const ci = (env["CI"] ?? "") !== "";
  const { json, quiet, where } = shown;
  let view: ProgressView | undefined;
  const warn = (text: string): void => {
    if (view?.warn === undefined) stderr.write(`warning: ${text}\n`);
    else view.warn(text);
  };
  const alarms = new Set<string>();
  const reporter: RunReporter = {
    warn,
    alarm(alarm, by) {
      const text = alarmText(alarm, by, where);
      if (!alarms.has(text)) warn(text);
      alarms.add(text);
    },
    note: (text) => stderr.write(`${text}\n`),
    waiting(text) {
      if (!shown.quiet) stderr.write(`${text}\n`);
    },
    async showProgress(run) {
      view = await chooseView({ ...run, json, quiet, ci, colour, stdout, stderr });
      return view;
    },
  };
  return { env, signals, reporter };
}

/** The context of `run` and `rebench`, which a detached process completes with what its parent sends. */
export async function detachableContext({
  options,
  terminal,
}: {
  readonly options: {
    readonly detached?: string;
    readonly json?: true;
    readonly quiet?: true;
    readonly db?: string | false;
    readonly stateDir?: string;
  };
  readonly terminal: Terminal;
}): Promise<RunContext> {
  const { detached, json, quiet } = options;
  const where = locationFlags(options);
  const context = runContext(terminal, { json: json === true, quiet: quiet === true, where });
  return detached === undefined ? context : detachedContext(context, detached);
}
