import { asCommandCall } from "../../command.ts";
import {
  argument,
  databaseOption,
  jsonOption,
  outputOptions,
  simulatedOption,
  stateOption,
} from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const remove = defineSubcommand({
  name: "remove",
  summary: "Remove records for good; db restore ID brings one back",
  arguments: [argument("<id...>", "ids, or how they begin")],
  options: [simulatedOption, databaseOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep db remove 3f2a9c41"],
  handler: async (call) =>
    (await import("../../commands/db-remove.ts")).dbRemove(asCommandCall(call)),
});
