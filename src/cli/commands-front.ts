import type { VerbFile } from "./command.ts";
import {
  DB_OPTION,
  JSON_OPTION,
  OUTPUT_OPTIONS,
  positiveNumber,
  STATE_OPTION,
  wholeNumber,
  WORLD_OPTIONS,
} from "./options.ts";

/** The verbs of the front door. */
export const FRONT_COMMANDS: VerbFile = {
  init: {
    parameters: [],
    options: [
      { flags: "--gpu <types>", description: "GPU types, with commas between" },
      { flags: "--model <ids>", description: "models, with commas between" },
      { flags: "--max-cost <usd>", description: "hard cap in US dollars", parse: positiveNumber },
      { flags: "--passes <n>", description: "passes for each configuration", parse: wholeNumber },
      { flags: "--suites <names>", description: "coding, context_heavy, reasoning" },
      {
        flags: "--packing <how>",
        description: "one VM for each entry, or for as many as its paid hours hold",
        choices: ["per-entry", "fill-hours"],
      },
      { flags: "-o, --output <file>", description: "the file (default plan.yaml)" },
      { flags: "--yes", description: "overwrite it" },
      ...WORLD_OPTIONS,
      STATE_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep init",
      "maider-sweep init --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct --max-cost 5",
    ],
    load: async () => (await import("./commands/init.ts")).init,
  },
  doctor: {
    parameters: [["[plan]", "also what this plan needs"]],
    options: [...WORLD_OPTIONS, STATE_OPTION, DB_OPTION, JSON_OPTION, ...OUTPUT_OPTIONS],
    examples: ["maider-sweep doctor plan.yaml", "maider-sweep doctor --simulate --json"],
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  logs: {
    reads: true,
    parameters: [
      ["<run>", "the run; `status` lists them"],
      ["[entry]", "only this VM, GPU type, rental number or model"],
    ],
    options: [
      { flags: "-f, --follow", description: "go on until the run has ended" },
      STATE_OPTION,
      JSON_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep logs k3xw90ab",
      "maider-sweep logs k3xw90ab Qwen/Qwen2.5-Coder-7B-Instruct",
      "maider-sweep logs k3xw90ab --follow",
    ],
    load: async () => (await import("./commands/logs.ts")).logs,
  },
  schema: {
    parameters: [],
    options: [],
    examples: ["maider-sweep schema > plan.schema.json"],
    silentOfHeld: true,
    load: async () => (await import("./commands/schema.ts")).schema,
  },
  completion: {
    parameters: [["<shell>", "bash, zsh or fish"]],
    options: [],
    examples: [
      'eval "$(maider-sweep completion bash)"',
      "maider-sweep completion fish > ~/.config/fish/completions/maider-sweep.fish",
    ],
    silentOfHeld: true,
    load: async () => {
      const [{ completionOf }, { allCommands }] = await Promise.all([
        import("./commands/completion.ts"),
        import("./verbs.ts"),
      ]);
      return completionOf(await allCommands());
    },
  },
};
