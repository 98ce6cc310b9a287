import type { OptionSpec, VerbFile } from "./command.ts";
import { CATEGORIES, SIMULATED } from "./commands-reading.ts";
import { DB_OPTION, JSON_OPTION, OUTPUT_OPTIONS, STATE_OPTION } from "./options.ts";

const WHERE: readonly OptionSpec[] = [SIMULATED, DB_OPTION, STATE_OPTION];

/** The care of the database. */
export const DATABASE_COMMANDS: VerbFile = {
  db: {
    commands: [
      {
        name: "check",
        summary: "What is in it, and whether it is sound; reads only (exit 2 when it is damaged)",
        reads: true,
        parameters: [],
        options: [...WHERE, JSON_OPTION, ...OUTPUT_OPTIONS],
        examples: ["maider-sweep db check", "maider-sweep db check --db other.json --json"],
        load: async () => (await import("./commands/db-check.ts")).dbCheck,
      },
      {
        name: "repair",
        summary: "Put a damaged file right from itself, its newest backup and the journals",
        parameters: [],
        options: [...WHERE, JSON_OPTION, ...OUTPUT_OPTIONS],
        examples: ["maider-sweep db repair"],
        load: async () => (await import("./commands/db-repair.ts")).dbRepair,
      },
      {
        name: "restore",
        summary: "Bring back what was deleted with the file, or removed records by their ids",
        parameters: [["[id...]", "ids, or their beginnings; all that was deleted when left out"]],
        options: [...WHERE, JSON_OPTION, ...OUTPUT_OPTIONS],
        examples: ["maider-sweep db restore", "maider-sweep db restore 3f2a9c41"],
        load: async () => (await import("./commands/db-restore.ts")).dbRestore,
      },
      {
        name: "remove",
        summary: "Take records out for good; db restore ID brings one back",
        parameters: [["<id...>", "ids, or their beginnings"]],
        options: [...WHERE, JSON_OPTION, ...OUTPUT_OPTIONS],
        examples: ["maider-sweep db remove 3f2a9c41"],
        load: async () => (await import("./commands/db-remove.ts")).dbRemove,
      },
      {
        name: "export",
        summary: "Records for others, without host names, addresses and labels",
        parameters: [["[id...]", "ids, or their beginnings; all when left out"]],
        options: [
          { flags: "-g, --gpu-type <type>", description: "only this GPU type" },
          { flags: "-m, --model-category <size>", description: "only this model category" },
          {
            flags: "-t, --task-category <category>",
            description: "only records with this task category",
            choices: CATEGORIES,
          },
          {
            flags: "-f, --format <format>",
            description: "how it is written",
            choices: ["json", "csv", "markdown"],
            defaultValue: "json",
          },
          { flags: "-o, --output <file>", description: "where; stdout when left out" },
          ...WHERE,
          ...OUTPUT_OPTIONS,
        ],
        examples: [
          "maider-sweep db export -o for-others.json",
          "maider-sweep db export 3f2a9c41 -f markdown",
        ],
        load: async () => (await import("./commands/db-export.ts")).dbExport,
      },
      {
        name: "import",
        summary: "Take in other people's records: an export, or a whole database",
        parameters: [["<file>", "its JSON"]],
        options: [
          { flags: "--origin <name>", description: "whose it is (default: the file's name)" },
          ...WHERE,
          JSON_OPTION,
          ...OUTPUT_OPTIONS,
        ],
        examples: ["maider-sweep db import alice.json --origin alice"],
        load: async () => (await import("./commands/db-import.ts")).dbImport,
      },
    ],
  },
};
