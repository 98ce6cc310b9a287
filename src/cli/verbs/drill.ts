import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import type { PlannedRun } from "../../run/run-context.ts";
import { locationFlags, runRequest, type SharedCall } from "../requests.ts";
import type { Terminal } from "../terminal.ts";
import {
  cloudOptions,
  databaseOption,
  jsonOption,
  option,
  outputOptions,
  dollars,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

type DrillCall = SharedCall & {
  readonly argv: readonly string[];
  readonly options: {
    readonly json?: true;
    readonly quiet?: true;
    readonly twoGpus?: true;
  };
  readonly terminal: Terminal;
};

export const verb = defineVerb({
  name: "drill",
  group: "upkeep",
  summary: "Kill the program in mid-run and show that no VM is left",
  about: [
    "Kills the program at every kind of moment on a simulated cloud and shows each time that no VM is left and every cent is accounted for.",
    "With `--live` it rents one cheap VM on the real cloud, within `--max-cost`, and compares it with what the code assumes; see [the live checklist](../live-checklist.md). It needs no attention, takes less than an hour, and destroys the VM like a run does. A check that fails stops neither the others nor the destruction.",
    "Each check is `as expected`, `differs`, or `not shown` if the VM did not get so far. The exit code is that of a run: it is 0 although something differs, and 5 if a check is not shown. The result is saved as `live-drill.json` in the run's folder.",
  ],
  related: ["recover", "simulator"],
  options: [
    option("--live", "rent one cheap VM on the real cloud, and do the live checks on it"),
    option("--two-gpus", "with --live, also rent a VM with two GPUs and check peer-to-peer access"),
    option("--max-cost <usd>", "hard cap of --live in US dollars").argParser(dollars),
    ...cloudOptions,
    stateOption,
    databaseOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep drill",
    "maider-sweep drill --live --max-cost 2",
    "maider-sweep drill --live --max-cost 2 --simulate",
  ],
  handler: async (call) => {
    const { options, terminal } = call;
    const { env, signals, stdout } = terminal;
    if (options.live) return runLiveDrill(call);
    const { DRILL_CASES, runDrill } = await import("../../drill/run-drill.ts");
    const { drillCaseText, drillTotalsText } = await import("../output/drill-text.ts");
    if (!options.json)
      stdout.write(
        `${String(DRILL_CASES.length)} times the program is killed (SIGKILL) in the middle of a run on a simulated cloud\n`,
      );
    const results = await runDrill(env, signals.stop, (result, number) => {
      if (!options.json) stdout.write(drillCaseText(result, number));
    });
    const leaked = results.reduce((sum, result) => sum + result.leaked, 0);
    stdout.write(options.json ? jsonText({ leaked, results }) : drillTotalsText(results));
    if (leaked > 0) return ExitCode.stillBilled;
    const held = results.every(({ broken, reached }) => reached && broken.length === 0);
    return held ? ExitCode.done : ExitCode.bug;
  },
});

async function runLiveDrill(call: DrillCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const { stderr, stdout } = terminal;
  const { liveDrill } = await import("../../drill/live-drill.ts");
  const { runContext } = await import("../output/run-reporter.ts");
  const { printRun } = await import("../output/print-run.ts");
  const { findingsText, liveDrillPlanText } = await import("../output/drill-text.ts");
  const { columnsOf } = await import("../output/table-style.ts");
  // The run itself prints on stderr: stdout is for the findings.
  const onStderr = { ...terminal, stdout: stderr };
  const { quiet = false, twoGpus = false } = options;
  const { reporter, ...rest } = runContext(onStderr, {
    json: false,
    quiet,
    where: locationFlags(call.options),
  });
  const confirm = (planned: PlannedRun): Promise<boolean> => {
    stderr.write(liveDrillPlanText(planned));
    return Promise.resolve(true);
  };
  const context = { ...rest, reporter: { ...reporter, confirm } };
  const { outcome, result } = await liveDrill(runRequest(call), { twoGpus }, context);
  if (result !== undefined)
    stdout.write(options.json ? jsonText(result) : findingsText(result, columnsOf(stdout)));
  const code = printRun(outcome, { options: { ...options, json: false }, terminal: onStderr });
  const incomplete = result?.findings.some(({ state }) => state === "not shown") ?? false;
  return code === ExitCode.done && incomplete ? ExitCode.incomplete : code;
}
