import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import {
  argument,
  jsonOption,
  onlySimulatedOption,
  outputOptions,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "status",
  group: "run",
  summary: "Show every run: plan, date, result, VMs, dollars",
  about: [
    "Reads the journals and contacts no cloud. Each run is listed with its plan, its dates, what it measured and what it cost; a run that has not ended, also with its process, its guard and its VMs. With a run's id, or the first characters of it, all of its VMs are listed. `last` is the newest run.",
    "`unresolved` means that a VM may still be billed: `maider-sweep recover` destroys it.",
  ],
  related: ["recover", "list", "logs"],
  synonyms: ["runs"],
  arguments: [argument("[run]", "its id, the first characters of it, or last")],
  options: [onlySimulatedOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep status", "maider-sweep status last", "maider-sweep status --json"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const {
      args: [wanted],
      options,
      terminal,
    } = call;
    const { stateDir } = locationsOf(call);
    const { findRun } = await import("../../run/run-folder/find-run.ts");
    const { readRuns } = await import("../../run/run-folder/read-runs.ts");
    const { diskUsage } = await import("../../run/run-folder/retention.ts");
    const { statusJson, statusText } = await import("../output/status-text.ts");
    const { tableStyle } = await import("../output/table-style.ts");
    const only = options.simulate ? "simulated" : undefined;
    const id = wanted === undefined ? undefined : findRun(stateDir, wanted, only).run;
    const runs = (await readRuns(stateDir)).filter(({ run, simulated }) =>
      id === undefined ? simulated || only === undefined : run === id,
    );
    const bytes = diskUsage(stateDir);
    const { stdout } = terminal;
    if (options.json) stdout.write(jsonText(statusJson(runs, bytes)));
    else if (runs.length === 0)
      stdout.write(`no ${only === undefined ? "" : "simulated "}runs yet in ${stateDir}\n`);
    else
      stdout.write(
        statusText(runs, bytes, { full: id !== undefined, width: tableStyle(terminal).width }),
      );
    return ExitCode.done;
  },
});
