import { InvalidArgumentError } from "commander";
import type { OptionSpec, VerbFile } from "./command.ts";
import {
  DB_OPTION,
  JSON_OPTION,
  OUTPUT_OPTIONS,
  positiveNumber,
  STATE_OPTION,
  wholeNumber,
  WORLD_OPTIONS,
} from "./options.ts";

/** `1,4,16`: requests in flight. */
function loadLevels(text: string): number[] {
  const levels = text.split(",").map((level) => wholeNumber(level.trim()));
  if (levels.some((level) => level > 512))
    throw new InvalidArgumentError("At most 512 requests at once.");
  return [...new Set(levels)].toSorted((a, b) => a - b);
}

/** How a server is measured, wherever it is. */
export const MEASURE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "-c, --category <category>",
    description: "which tests (default all)",
    choices: ["all", "coding", "context_heavy", "reasoning"],
  },
  { flags: "--passes <n>", description: "passes", parse: wholeNumber, defaultValue: 1 },
  {
    flags: "--load <levels>",
    description: "requests in flight, for example 1,4,16",
    parse: loadLevels,
    defaultValue: [1],
  },
  {
    flags: "--prompts <file>",
    description:
      "your own, in YAML, JSON or JSON lines: [{name: a, category: coding, prompt: Say a, max_tokens: 64}]; category: one of -c, or custom; messages in place of prompt",
  },
  { flags: "--prompt <text>", description: "one prompt of your own" },
  {
    flags: "--mode <mode>",
    description: "fixed: reply length and cold cache are fixed; natural: replies end by themselves",
    choices: ["fixed", "natural", "warm-cache"],
    defaultValue: "fixed",
  },
];

/** How Linode is asked what a session's VM is. */
const TOKEN_OPTIONS = WORLD_OPTIONS.filter(({ flags }) =>
  /^--(token-file|api-url|insecure-api-url)\b/.test(flags),
);

export const BENCHMARK_COMMANDS: VerbFile = {
  benchmark: {
    parameters: [],
    options: [
      {
        flags: "-s, --session <name>",
        description: "a VM that is up: its session, label or run (default: the current session)",
      },
      {
        flags: "--api-base <url>",
        description: "its address, http://127.0.0.1:8000/v1; OPENAI_API_KEY is sent when set",
      },
      { flags: "--model <name>", description: "the model (default: the first that it serves)" },
      {
        flags: "--gpu-type <type>",
        description: "what it runs on; with --hourly-cost it is recorded",
      },
      { flags: "--hourly-cost <usd>", description: "what that costs", parse: positiveNumber },
      ...MEASURE_OPTIONS,
      {
        flags: "-o, --output <file>",
        description: "where the results go as JSON",
        defaultValue: ".benchmark-results.json",
      },
      { flags: "--save-to-db", description: "record sound passes in the database (the default)" },
      DB_OPTION,
      // After --db, or it would be taken to be on by default.
      { flags: "--no-db", description: "record nothing" },
      ...TOKEN_OPTIONS,
      STATE_OPTION,
      JSON_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep benchmark --category coding",
      "maider-sweep benchmark -s my-session --no-db",
      "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1",
      "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1 -c coding --passes 5 --load 1,4,16",
      "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1 --gpu-type g2-gpu-rtx4000a1-s --hourly-cost 0.52",
      "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1 --prompt 'Write a haiku' --no-db",
    ],
    load: async () => (await import("./commands/benchmark.ts")).benchmark,
  },
  "benchmark-collect": {
    parameters: [["[session]", "a session, or the label or run of a VM of ours"]],
    options: [
      ...MEASURE_OPTIONS,
      DB_OPTION,
      ...TOKEN_OPTIONS,
      STATE_OPTION,
      JSON_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep benchmark-collect",
      "maider-sweep benchmark-collect my-session --category coding",
    ],
    load: async () => (await import("./commands/benchmark-collect.ts")).benchmarkCollect,
  },
};
