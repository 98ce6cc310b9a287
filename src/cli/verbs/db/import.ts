import { asCommandCall } from "../../command.ts";
import {
  argument,
  databaseOption,
  jsonOption,
  option,
  outputOptions,
  simulatedOption,
  stateOption,
} from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const importRecords = defineSubcommand({
  name: "import",
  summary: "Add other people's records: an export, or a whole database",
  arguments: [argument("<file>", "JSON of an export or a database")],
  options: [
    option("--origin <name>", "whose records they are (default: the file's name)"),
    simulatedOption,
    databaseOption,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep db import alice.json --origin alice"],
  handler: async (call) =>
    (await import("../../commands/db-import.ts")).dbImport(asCommandCall(call)),
});
