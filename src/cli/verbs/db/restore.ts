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

export const restore = defineSubcommand({
  name: "restore",
  summary: "Bring back what was deleted with the file, or removed records by their ids",
  arguments: [argument("[id...]", "ids, or how they begin (default: all that was deleted)")],
  options: [simulatedOption, databaseOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep db restore", "maider-sweep db restore 3f2a9c41"],
  handler: async (call) =>
    (await import("../../commands/db-restore.ts")).dbRestore(asCommandCall(call)),
});
