import { ExitCode, SweepError } from "../../support/errors.ts";
import { locationFlags, runRequest } from "../requests.ts";
import {
  cloudOptions,
  jsonOption,
  maxCostOption,
  option,
  outputOptions,
  patienceOption,
  portNumber,
  positiveNumber,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "up",
  group: "use",
  summary: "Rent a VM that serves a model, and leave it running",
  about: [
    "Rents one VM, serves a model on it and leaves it up: for `benchmark-collect`, for an editor, or to look around. It has the same cap, ledger, journal and guard as a run, and is held until `down`, or until the hours that `--max-cost` pays for are used up (at most `--max-hours`, 4 by default). Then its guard destroys it.",
    "A tunnel process forwards a port of this machine to the VM's vLLM for as long as the VM is up; `tunnel` restarts one that has ended. The session's files are where the `maider` tool keeps its own, `~/.cache/linode-vms/SESSION/` (simulated ones in the state folder), and `.aider-env` in the working directory becomes a link to them, unless a plain file of that name exists.",
    "While something is up, every other verb warns of it with the dollars so far. A run may go on at the same time.",
  ],
  related: ["list", "tunnel", "down", "benchmark-collect"],
  synonyms: ["rent", "create", "launch"],
  options: [
    option("--gpu <type>", "GPU type"),
    option("--model <id>", "model on the Hugging Face Hub"),
    maxCostOption,
    option("--max-hours <h>", "destroy it after so long (default 4)").argParser(positiveNumber),
    option("--name <session>", "the session's name (default: the model's)"),
    option(
      "--port <port>",
      "local port that is forwarded to the model's API (default 3000)",
    ).argParser(portNumber),
    option("--ssh-cidr <cidr>", "who may reach its SSH (default: your address)"),
    patienceOption,
    option("--yes", "start at once, without a pause"),
    ...cloudOptions,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep up --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct --max-cost 2",
    "maider-sweep up --gpu rtx4000a1-s --model gpt-oss-20b --max-cost 3 --simulate",
  ],
  handler: async (call) => {
    const { options, terminal } = call;
    const { gpu, model, name, port } = options;
    if (gpu === undefined || model === undefined || options.maxCost === undefined) {
      throw new SweepError("up needs a GPU type, a model and a cap", {
        exitCode: ExitCode.usage,
        reason: "--gpu, --model or --max-cost is missing",
        hint: "maider-sweep help up shows a whole line",
      });
    }
    const { gpuIdFor, modelIdFor } = await import("../known-names.ts");
    const { startSession } = await import("../../sessions/start-session.ts");
    const { runContext } = await import("../output/run-reporter.ts");
    const { printSession } = await import("../output/print-session.ts");
    const { pauseBeforeSpending } = await import("../pause-before-spending.ts");
    const context = runContext(terminal, {
      json: false,
      quiet: options.quiet === true,
      where: locationFlags(options),
    });
    const reporter = { ...context.reporter, confirm: pauseBeforeSpending(options, terminal) };
    const started = await startSession(
      {
        gpu: gpuIdFor(gpu),
        model: modelIdFor(model),
        name,
        port,
        workingDirectory: process.cwd(),
      },
      runRequest(call),
      { ...context, reporter },
    );
    if (!("kind" in started)) return printSession(started, options, terminal);
    const { printRun } = await import("../output/print-run.ts");
    return printRun(started, call);
  },
});
