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
    "For runs whose process has died: it reads the journal, asks the cloud for everything that carries the run's name, destroys what either of them shows as open, confirms that it is deleted and closes the run. A VM that `up` holds is spared. Every `run` does the same before it begins.",
  ],
  related: ["reap", "status", "down"],
  synonyms: ["destroy", "clean", "cleanup"],
  options: [...cloudOptions, patienceOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep recover"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { recoverAll } = await import("../../run/recovery/recover-all.ts");
    const { runContext } = await import("../output/run-reporter.ts");
    const recovered = await recoverAll(
      { cloud: cloudRequest(call), destroyPatienceMs: destroyPatienceMs(call) },
      runContext(terminal, {
        json: false,
        quiet: options.quiet === true,
        where: locationFlags(options),
      }),
    );
    terminal.stdout.write(
      options.json ? jsonText(recoveredJson(recovered)) : recoveredText(recovered),
    );
    return recovered.runs.some(({ recovery }) => recovery.outcome === "unconfirmed")
      ? ExitCode.stillBilled
      : ExitCode.done;
  },
});

/** The names are those of version 0.1. */
function recoveredJson({ runs }: RecoveredRuns): object {
  return {
    runs: runs.map(({ run, recovery: { outcome, spared, unconfirmed } }) => ({
      run,
      outcome: outcome === "unconfirmed" ? "unproved" : outcome,
      spared,
      unproved: unconfirmed,
    })),
  };
}

function recoveredText({ runs, skipped }: RecoveredRuns): string {
  if (runs.length + skipped.length === 0) return "nothing to recover: every run is closed\n";
  const lines = [
    ...runs.map(({ run, recovery: { outcome, unconfirmed } }) => {
      const which =
        unconfirmed.length > 0 ? `; not confirmed deleted: ${unconfirmed.join(", ")}` : "";
      return `${run}: ${outcome.replace("_", " ")}${which}`;
    }),
    ...skipped.map(
      (run) =>
        `${run}: skipped: its journal no longer names the simulated cloud; maider-sweep recover --simulate URL`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
