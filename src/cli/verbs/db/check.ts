import { asCommandCall } from "../../command.ts";
import {
  databaseOption,
  jsonOption,
  outputOptions,
  simulatedOption,
  stateOption,
} from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const check = defineSubcommand({
  name: "check",
  summary: "What is in it, and whether it is sound; reads only (exit 2 when it is damaged)",
  options: [simulatedOption, databaseOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep db check", "maider-sweep db check --db other.json --json"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) =>
    (await import("../../commands/db-check.ts")).dbCheck(asCommandCall(call)),
});
