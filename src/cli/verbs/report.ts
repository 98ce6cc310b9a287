import { asCommandCall } from "../command.ts";
import {
  databaseOption,
  jsonOption,
  option,
  outputOptions,
  simulatedOption,
  stateOption,
  withImportedOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "report",
  group: "results",
  summary: "Write the decision, charts and money on one HTML page",
  about: [
    "Writes one HTML page that needs no network: the decision with a slider for the speed you need, charts, the table, coverage, failures and money. `--open` shows it in the browser.",
  ],
  related: ["benchmark-compare", "recommend"],
  synonyms: ["html", "page"],
  options: [
    option("-o, --output <file>", "where it is written").default("report.html"),
    option("--open", "show it in the browser"),
    withImportedOption,
    simulatedOption,
    databaseOption,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep report --open", "maider-sweep report --simulate -o simulated.html"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => (await import("../commands/report.ts")).report(asCommandCall(call)),
});
