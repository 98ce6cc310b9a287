import { asCommandCall } from "../../command.ts";
import {
  databaseOption,
  jsonOption,
  outputOptions,
  simulatedOption,
  stateOption,
} from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const repair = defineSubcommand({
  name: "repair",
  summary: "Repair a damaged file from itself, its newest backup and the journals",
  options: [simulatedOption, databaseOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep db repair"],
  handler: async (call) =>
    (await import("../../commands/db-repair.ts")).dbRepair(asCommandCall(call)),
});
