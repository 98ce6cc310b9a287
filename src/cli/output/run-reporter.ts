import type { RunContext, RunReporter } from "../../run/run-context.ts";
import { alarmText } from "../../teardown/alarm-text.ts";
import type { CommandCall } from "../command.ts";
import { locationFlags } from "../location-flags.ts";
import { chooseView } from "./choose-view.ts";
import type { ProgressView } from "./progress-view.ts";

/** How a run reaches whoever has typed the command: progress and warnings on stderr, `--json` on stdout. */
export function runContext(
  { options, terminal }: CommandCall,
  shown: { readonly json: boolean },
): RunContext {
  const { colour, env, signals, stderr, stdout } = terminal;
  let view: ProgressView | undefined;
  const warn = (text: string): void => {
    if (view?.warn === undefined) stderr.write(`warning: ${text}\n`);
    else view.warn(text);
  };
  const alarms = new Set<string>();
  const reporter: RunReporter = {
    warn,
    alarm(alarm, by) {
      const text = alarmText(alarm, by, locationFlags(options));
      if (!alarms.has(text)) warn(text);
      alarms.add(text);
    },
    note: (text) => stderr.write(`${text}\n`),
    async showProgress(run) {
      view = await chooseView({
        ...run,
        json: shown.json,
        quiet: options["quiet"] === true,
        ci: (env["CI"] ?? "") !== "",
        colour,
        stdout,
        stderr,
      });
      return view;
    },
  };
  return { env, signals, reporter };
}
