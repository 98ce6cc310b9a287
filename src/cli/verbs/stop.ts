import { asCommandCall } from "../command.ts";
import { argument, jsonOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "stop",
  group: "run",
  summary: "Stop a run from another shell; its results are kept",
  about: [
    "Asks the process of the run to end, as Ctrl-C in its own shell would, and waits until its VMs are proved gone. Results are kept; `run --resume RUN` continues later.",
  ],
  related: ["run", "recover"],
  synonyms: ["kill", "cancel", "abort"],
  arguments: [argument("[run]", "the run; needed only when several are running")],
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep stop", "maider-sweep stop 4bq1x0aa"],
  handler: async (call) => (await import("../commands/stop.ts")).stop(asCommandCall(call)),
});
