import { asCommandCall } from "../command.ts";
import {
  CATEGORIES,
  choice,
  databaseOption,
  jsonOption,
  outputOptions,
  simulatedOption,
  stateOption,
  withImportedOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "recommend",
  group: "results",
  summary: "Recommend a configuration from what was measured",
  about: [
    "Answers three questions: what it is for, what an hour may cost, which model size is preferred. On a terminal it asks for what the options leave open; elsewhere all three have to be given.",
  ],
  related: ["benchmark-compare", "report"],
  synonyms: ["choose", "suggest"],
  options: [
    choice("--task <task>", "what it is for", [...CATEGORIES, "mixed"]),
    choice("--budget <budget>", "dollars an hour", ["under-1", "1-3", "over-3", "none"]),
    choice("--size <size>", "which model size is preferred", ["smallest", "balanced", "largest"]),
    withImportedOption,
    simulatedOption,
    databaseOption,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep recommend",
    "maider-sweep recommend --task coding --budget none --size balanced",
  ],
  notices: ["held-vms", "open-runs"],
  handler: async (call) =>
    (await import("../commands/recommend.ts")).recommend(asCommandCall(call)),
});
