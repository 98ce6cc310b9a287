import { ExitCode, SweepError } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import { argument, jsonOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "status",
  group: "run",
  summary: "Show every run: its VMs, stages, dollars spent and reserved",
  about: [
    "Reads the journals and contacts no cloud. Every run is listed, including ended and simulated ones: its state, its process and guard, dollars spent, reserved and left, and each VM with its stage.",
    "`unresolved` means that something may still be billed: `maider-sweep recover` settles it.",
  ],
  related: ["recover", "list", "logs"],
  synonyms: ["runs"],
  arguments: [argument("[run]", "only this one")],
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep status", "maider-sweep status 4bq1x0aa", "maider-sweep status --json"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const {
      args: [wanted],
      options,
      terminal: { stdout },
    } = call;
    const { stateDir } = locationsOf(call);
    const { readRuns } = await import("../../run/run-folder/read-runs.ts");
    const { diskUsage } = await import("../../run/run-folder/retention.ts");
    const { statusJson, statusText } = await import("../output/status-text.ts");
    const runs = (await readRuns(stateDir)).filter(
      ({ run }) => wanted === undefined || run === wanted,
    );
    if (wanted !== undefined && runs.length === 0) {
      throw new SweepError(`there is no run ${wanted}`, {
        exitCode: ExitCode.usage,
        hint: "maider-sweep status lists them",
      });
    }
    const bytes = diskUsage(stateDir);
    const width = stdout.isTTY ? stdout.columns : Infinity;
    if (options.json) stdout.write(jsonText(statusJson(runs, bytes)));
    else if (runs.length === 0) stdout.write(`no runs yet in ${stateDir}/runs\n`);
    else stdout.write(statusText(runs, bytes, { whole: wanted !== undefined, width }));
    return ExitCode.done;
  },
});
