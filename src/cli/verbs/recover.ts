import type { RecoveredRuns } from "../../run/recovery/recover-all.ts";
import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { cloudRequest, destroyPatienceMs, locationFlags } from "../requests.ts";
import {
  cloudOptions,
  jsonOption,
  outputOptions,
  patienceOption,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "recover",
  group: "upkeep",
  summary: "Destroy VMs that crashed runs left, and settle the cost",
  about: [
    "For runs whose process has died: it reads the journal, asks the cloud for everything that carries the run's name, destroys what either of them shows as open, proves it gone and closes the run. A VM that `up` holds is spared. Every `run` does the same before it begins.",
  ],
  related: ["reap", "status", "down"],
  synonyms: ["destroy", "clean", "cleanup"],
  options: [...cloudOptions, patienceOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep recover"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { recoverRuns } = await import("../../run/recovery/recover-all.ts");
    const { runContext } = await import("../output/run-reporter.ts");
    const recovered = await recoverRuns(
      { cloud: cloudRequest(call), destroyPatienceMs: destroyPatienceMs(call) },
      runContext(terminal, {
        json: false,
        quiet: options.quiet === true,
        where: locationFlags(options),
      }),
    );
    const runs = recovered.runs.map(({ run, recovery }) => ({ run, ...recovery }));
    terminal.stdout.write(options.json ? jsonText({ runs }) : recoveredText(recovered));
    return runs.some(({ outcome }) => outcome === "unproved")
      ? ExitCode.stillBilled
      : ExitCode.done;
  },
});

function recoveredText({ runs, skipped }: RecoveredRuns): string {
  if (runs.length + skipped.length === 0) return "nothing to recover: every run is closed\n";
  const lines = [
    ...runs.map(({ run, recovery: { outcome, unproved } }) => {
      const which = unproved.length > 0 ? `; not proved gone: ${unproved.join(", ")}` : "";
      return `${run}: ${outcome.replace("_", " ")}${which}`;
    }),
    ...skipped.map(
      (run) =>
        `${run}: skipped: its journal no longer names the simulated cloud; maider-sweep recover --simulate URL`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
