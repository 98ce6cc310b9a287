import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import { argument, jsonOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "stop",
  group: "run",
  summary: "Stop a run from another shell; its results are kept",
  about: [
    "Asks the run's process to end, as Ctrl-C in its own shell does, and waits until all its VMs are confirmed deleted. Results are kept. `run --resume RUN` continues it later.",
  ],
  related: ["run", "recover"],
  synonyms: ["kill", "cancel", "abort"],
  arguments: [
    argument("[run]", "which run, if several are running: its id or the first characters of it"),
  ],
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep stop", "maider-sweep stop 4bq1x0aa"],
  handler: async (call) => {
    const {
      args: [wanted],
      options,
      terminal: { signals, stderr, stdout },
    } = call;
    const { stopRun } = await import("../../run/stop-run.ts");
    const { findRun } = await import("../../run/run-folder/find-run.ts");
    const { stateDir } = locationsOf(call);
    const id = wanted === undefined ? undefined : findRun(stateDir, wanted).run;
    const onAsked = (run: string, pid: number): void => {
      stderr.write(
        `asked run ${run} (process ${String(pid)}) to stop; waiting until its VMs are deleted\n`,
      );
    };
    const ended = await stopRun(stateDir, id, onAsked, signals.stop);
    const { run, state, spent_usd } = ended;
    stdout.write(
      options.json
        ? jsonText({ run, state, spent_usd })
        : `${run} ${state}: $${spent_usd.toFixed(2)} spent\n`,
    );
    return state === "unresolved" ? ExitCode.stillBilled : ExitCode.done;
  },
});
