import { asCommandCall } from "../command.ts";
import {
  databaseOption,
  jsonOption,
  outputOptions,
  simulatedOption,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "benchmark-status",
  group: "results",
  summary: "Coverage and gaps: what was tested, how often, when",
  about: [
    "Which configurations were tested, how often and when; which results are stale and which of the public GPU types are missing. Confidence is high from three sound passes on.",
  ],
  related: ["rebench", "benchmark-compare"],
  synonyms: ["coverage"],
  options: [simulatedOption, databaseOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep benchmark-status", "maider-sweep benchmark-status | grep High"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) =>
    (await import("../commands/benchmark-status.ts")).benchmarkStatus(asCommandCall(call)),
});
