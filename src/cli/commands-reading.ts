import type { OptionSpec, VerbFile } from "./command.ts";
import { DB_OPTION, JSON_OPTION, OUTPUT_OPTIONS, STATE_OPTION } from "./options.ts";

// Words are repeated here: `--help` must not load the rooms that they come from.
export const CATEGORIES = ["coding", "context_heavy", "reasoning"];
export const SIMULATED: OptionSpec = {
  flags: "--simulate",
  description: "read the database of simulated runs",
};

const WITH_IMPORTED: OptionSpec = {
  flags: "--with-imported",
  description: "rank imported records with your own",
};

/** The guide's verbs that read the database; none of them touches the cloud. */
export const READING_COMMANDS: VerbFile = {
  "benchmark-compare": {
    reads: true,
    parameters: [],
    options: [
      { flags: "-g, --gpu-type <type>", description: "filter by GPU type" },
      {
        flags: "-m, --model-category <size>",
        description: "filter by model category: 7b, 14b, 30b, 70b",
      },
      {
        flags: "-t, --task-category <category>",
        description: "filter by task category",
        choices: CATEGORIES,
      },
      {
        flags: "-s, --sort-by <metric>",
        description: "what ranks",
        choices: ["tokens_per_sec", "cost_per_1k_tokens", "cost_efficiency"],
        defaultValue: "tokens_per_sec",
      },
      {
        flags: "-f, --format <format>",
        description: "how it is written",
        choices: ["table", "json", "csv", "markdown"],
        defaultValue: "table",
      },
      { flags: "-o, --output <file>", description: "where; stdout when left out" },
      {
        flags: "--force",
        description: "rank results together that were measured in different ways",
      },
      WITH_IMPORTED,
      SIMULATED,
      DB_OPTION,
      STATE_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep benchmark-compare --task-category coding",
      "maider-sweep benchmark-compare --gpu-type g1-gpu-rtx6000-2 --sort-by cost_efficiency",
      "maider-sweep benchmark-compare --format csv -o results.csv",
    ],
    load: async () => (await import("./commands/benchmark-compare.ts")).benchmarkCompare,
  },
  "benchmark-status": {
    reads: true,
    parameters: [],
    options: [SIMULATED, DB_OPTION, STATE_OPTION, JSON_OPTION, ...OUTPUT_OPTIONS],
    examples: ["maider-sweep benchmark-status", "maider-sweep benchmark-status | grep High"],
    load: async () => (await import("./commands/benchmark-status.ts")).benchmarkStatus,
  },
  recommend: {
    reads: true,
    parameters: [],
    options: [
      {
        flags: "--task <task>",
        description: "what it is for",
        choices: [...CATEGORIES, "mixed"],
      },
      {
        flags: "--budget <budget>",
        description: "dollars an hour",
        choices: ["under-1", "1-3", "over-3", "none"],
      },
      {
        flags: "--size <size>",
        description: "which model size is preferred",
        choices: ["smallest", "balanced", "largest"],
      },
      WITH_IMPORTED,
      SIMULATED,
      DB_OPTION,
      STATE_OPTION,
      JSON_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep recommend",
      "maider-sweep recommend --task coding --budget none --size balanced",
    ],
    load: async () => (await import("./commands/recommend.ts")).recommend,
  },
  report: {
    reads: true,
    parameters: [],
    options: [
      {
        flags: "-o, --output <file>",
        description: "where it is written",
        defaultValue: "report.html",
      },
      { flags: "--open", description: "show it in the browser" },
      WITH_IMPORTED,
      SIMULATED,
      DB_OPTION,
      STATE_OPTION,
      JSON_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: ["maider-sweep report --open", "maider-sweep report --simulate -o simulated.html"],
    load: async () => (await import("./commands/report.ts")).report,
  },
};
