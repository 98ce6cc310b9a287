import { asCommandCall } from "../command.ts";
import {
  cloudOptions,
  databaseOption,
  eventsOption,
  option,
  outputOptions,
  overrideOptions,
  runOptions,
  stateOption,
  wholeNumber,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "rebench",
  group: "run",
  summary: "Benchmark one configuration again, or all stale ones",
  about: [
    "Makes a plan from the database and runs it: one configuration with `--gpu` and `--model`, or with `--stale` everything that is too old, or was measured with another vLLM or another version of the suites.",
    "It shows its estimate and asks on a terminal. Without one it needs `--yes` or `--max-cost`.",
  ],
  related: ["run", "benchmark-status"],
  synonyms: ["refresh"],
  options: [
    option("--gpu <type>", "GPU type; with --model"),
    option("--model <id>", "model; with --gpu"),
    option("--stale [days]", "all that are older than this (default 30), or outdated").argParser(
      wholeNumber,
    ),
    ...overrideOptions,
    ...runOptions,
    option("--dry-run", "only estimate; nothing but reads"),
    ...cloudOptions,
    stateOption,
    databaseOption,
    eventsOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep rebench --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct",
    "maider-sweep rebench --stale --max-cost 20",
    "maider-sweep rebench --stale 14 --dry-run",
  ],
  handler: async (call) => (await import("../commands/rebench.ts")).rebench(asCommandCall(call)),
});
