import type { VerbFile } from "./command.ts";
import {
  JSON_OPTION,
  OUTPUT_OPTIONS,
  PATIENCE_OPTION,
  portNumber,
  positiveNumber,
  STATE_OPTION,
  WORLD_OPTIONS,
} from "./options.ts";

/** A VM for a person to work with: the guide's `up`, `list`, `down`. */
export const BY_HAND_COMMANDS: VerbFile = {
  up: {
    parameters: [],
    options: [
      { flags: "--gpu <type>", description: "GPU type" },
      { flags: "--model <id>", description: "model of the Hugging Face Hub" },
      { flags: "--max-cost <usd>", description: "hard cap in US dollars", parse: positiveNumber },
      {
        flags: "--max-hours <h>",
        description: "let it go after so long (default 4)",
        parse: positiveNumber,
      },
      { flags: "--name <session>", description: "the session's name (default: the model's)" },
      { flags: "--port <port>", description: "of the tunnel (default: 3000)", parse: portNumber },
      {
        flags: "--ssh-cidr <cidr>",
        description: "who may reach its SSH (default: your address)",
      },
      PATIENCE_OPTION,
      ...WORLD_OPTIONS,
      STATE_OPTION,
      JSON_OPTION,
      ...OUTPUT_OPTIONS,
    ],
    examples: [
      "maider-sweep up --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct --max-cost 2",
      "maider-sweep up --gpu g2-gpu-rtx4000a1-s --model openai/gpt-oss-20b --max-cost 3 --simulate",
    ],
    load: async () => (await import("./commands/up.ts")).up,
  },
  list: {
    reads: true,
    parameters: [],
    options: [STATE_OPTION, JSON_OPTION, ...OUTPUT_OPTIONS],
    examples: ["maider-sweep list", "maider-sweep list --json"],
    silentOfHeld: true,
    load: async () => (await import("./commands/list.ts")).list,
  },
  down: {
    parameters: [["[session]", "which; needed only when several are up"]],
    options: [PATIENCE_OPTION, ...WORLD_OPTIONS, STATE_OPTION, JSON_OPTION, ...OUTPUT_OPTIONS],
    examples: ["maider-sweep down", "maider-sweep down qwen2.5-coder-7b-instruct"],
    silentOfHeld: true,
    load: async () => (await import("./commands/down.ts")).down,
  },
};
