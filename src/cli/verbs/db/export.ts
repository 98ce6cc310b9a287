import { asCommandCall } from "../../command.ts";
import {
  argument,
  CATEGORIES,
  choice,
  databaseOption,
  option,
  outputOptions,
  simulatedOption,
  stateOption,
} from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const exportRecords = defineSubcommand({
  name: "export",
  summary: "Records to share, without host names, addresses and labels",
  arguments: [argument("[id...]", "ids, or how they begin (default: all)")],
  options: [
    option("-g, --gpu-type <type>", "only this GPU type"),
    option("-m, --model-category <size>", "only this model category"),
    choice("-t, --task-category <category>", "only records with this task category", CATEGORIES),
    choice("-f, --format <format>", "output format", ["json", "csv", "markdown"]).default("json"),
    option("-o, --output <file>", "where it is written (default: stdout)"),
    simulatedOption,
    databaseOption,
    stateOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep db export -o for-others.json",
    "maider-sweep db export 3f2a9c41 -f markdown",
  ],
  handler: async (call) =>
    (await import("../../commands/db-export.ts")).dbExport(asCommandCall(call)),
});
