import { asCommandCall } from "../command.ts";
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
  handler: async (call) => (await import("../commands/recover.ts")).recover(asCommandCall(call)),
});
