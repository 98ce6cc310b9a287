import { asCommandCall } from "../command.ts";
import {
  cloudOptions,
  databaseOption,
  jsonOption,
  option,
  outputOptions,
  positiveNumber,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "drill",
  group: "upkeep",
  summary: "Kill the program in mid-run and show that no VM is left",
  about: [
    "Kills the program at every kind of moment on a simulated cloud and shows each time that no VM is left and every cent is accounted for.",
    "With `--live` it rents one cheap VM on the real cloud, within `--max-cost`, and checks with it what only a real account can show; see [the live checklist](../live-checklist.md).",
  ],
  related: ["recover", "simulator"],
  options: [
    option("--live", "rent one cheap VM on the real cloud, and report what it shows"),
    option("--max-cost <usd>", "hard cap of --live in US dollars").argParser(positiveNumber),
    ...cloudOptions,
    stateOption,
    databaseOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep drill", "maider-sweep drill --live --max-cost 2"],
  handler: async (call) => (await import("../commands/drill.ts")).drill(asCommandCall(call)),
});
