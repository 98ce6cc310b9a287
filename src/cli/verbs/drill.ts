import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationFlags, runRequest } from "../requests.ts";
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

export const verb = defineVerb({
  name: "drill",
  group: "upkeep",
  summary: "Kill the program in mid-run and show that no VM is left",
  about: [
    "Kills the program at every kind of moment on a simulated cloud and shows each time that no VM is left and every cent is accounted for.",
    "With `--live` it rents one cheap VM on the real cloud, within `--max-cost`, and checks with it what only a real account can show; see [the live checklist](../live-checklist.md).",
  ],
  related: ["recover", "simulator"],
  options: [
    option("--live", "rent one cheap VM on the real cloud, and report what it shows"),
    option("--max-cost <usd>", "hard cap of --live in US dollars").argParser(dollars),
    ...cloudOptions,
    stateOption,
    databaseOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep drill", "maider-sweep drill --live --max-cost 2"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { env, signals, stderr, stdout } = terminal;
    if (options.live) {
      const { liveDrill } = await import("../../drill/live-drill.ts");
      const { runContext } = await import("../output/run-reporter.ts");
      const { printRun } = await import("../output/print-run.ts");
      const { findingsText } = await import("../output/drill-text.ts");
      // The run itself prints on stderr: stdout is for the findings.
      const onStderr = { ...terminal, stdout: stderr };
      const context = runContext(onStderr, {
        json: false,
        quiet: options.quiet === true,
        where: locationFlags(options),
      });
      const { findings, outcome, simulated } = await liveDrill(runRequest(call), context);
      const code = printRun(outcome, { options: { ...options, json: false }, terminal: onStderr });
      if (findings !== undefined)
        stdout.write(options.json ? jsonText({ simulated, findings }) : findingsText(findings));
      return code;
    }
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
