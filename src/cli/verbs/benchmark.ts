import { ExitCode, SweepError } from "../../support/errors.ts";
import {
  databaseOption,
  jsonOption,
  measureOptions,
  option,
  outputOptions,
  dollars,
  stateOption,
  tokenOptions,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "benchmark",
  group: "use",
  summary: "Measure a vLLM server that is running: a session's, or any",
  about: [
    "The same measurement as in a run, on a vLLM that is already running, yours or not; no account is needed. Tokens are counted by the server and checked against its own metrics. `OPENAI_API_KEY` is sent when it is set.",
    "A record needs a GPU type and a price; without them only figures are shown. Figures of a pass that was not sound are marked as such and never recorded; when no test was measured, no file is written.",
    "Prompts of your own are a list in YAML or JSON, or one object per line in JSON lines (`.jsonl`, `.ndjson`). Only `prompt` or `messages` is required. They form a suite of their own, which is never ranked with the standard one.",
    `    - name: Greeting        # else Prompt 1, Prompt 2 and so on; each name only once
      category: coding      # coding, context_heavy, reasoning, or custom when left out
      prompt: Say hello.
      max_tokens: 64        # tokens of the reply, 500 when left out
    - messages:             # in place of prompt; roles: system, user, assistant
        - {role: system, content: Be brief.}
        - {role: user, content: Why is the sky blue?}`,
  ],
  related: ["benchmark-collect", "benchmark-compare"],
  synonyms: ["bench", "measure"],
  options: [
    option(
      "-s, --session <name>",
      "a VM that is up: its session, label or run (default: the current session)",
    ),
    option(
      "--api-base <url>",
      "its address, http://127.0.0.1:8000/v1; OPENAI_API_KEY is sent when set",
    ),
    option("--model <name>", "the model (default: the first that it serves)"),
    option("--gpu-type <type>", "what it runs on; with --hourly-cost it is recorded"),
    option("--hourly-cost <usd>", "what that costs").argParser(dollars),
    ...measureOptions,
    option("-o, --output <file>", "where the results go as JSON").default(
      ".benchmark-results.json",
    ),
    option("--save-to-db", "record sound passes in the database (the default)"),
    databaseOption,
    // After --db, or it would be taken to be on by default.
    option("--no-db", "record nothing"),
    ...tokenOptions,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep benchmark --category coding",
    "maider-sweep benchmark -s my-session --no-db",
    "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1",
    "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1 -c coding --passes 5 --load 1,4,16",
    "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1 --gpu-type g2-gpu-rtx4000a1-s --hourly-cost 0.52",
    "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1 --prompt 'Write a haiku' --no-db",
  ],
  handler: async (call) => {
    const { apiBase, gpuType, hourlyCost, output, session } = call.options;
    const { benchmarkAddress, benchmarkSession } = await import("../benchmark-job.ts");
    if (apiBase !== undefined && session !== undefined) {
      throw new SweepError("--session and --api-base contradict each other", {
        exitCode: ExitCode.usage,
        hint: "give one of them",
      });
    }
    if (apiBase !== undefined) return benchmarkAddress(apiBase, call.options, output, call);
    if (gpuType !== undefined || hourlyCost !== undefined) {
      throw new SweepError(
        `${gpuType === undefined ? "--hourly-cost" : "--gpu-type"} is for --api-base`,
        { exitCode: ExitCode.usage, hint: "leave it out: it is read from the session's VM" },
      );
    }
    return benchmarkSession(session, output, call);
  },
});
