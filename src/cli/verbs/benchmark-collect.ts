import { ExitCode } from "../../support/errors.ts";
import {
  argument,
  databaseOption,
  jsonOption,
  measureOptions,
  outputOptions,
  stateOption,
  tokenOptions,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "benchmark-collect",
  group: "use",
  summary: "Measure a VM that is up, and record the results",
  about: [
    "Measures the model of a VM that is up, records the results in the database, and writes `.benchmark-SESSION.json`. The VM is named by a session of `up` or of the `maider` tool, or by the label or run of one of our rentals that is held; the default is the session that the link `.aider-env` in the working directory points to.",
    "For our own VMs the GPUs, the engine and the driver are read from the machine, type and price from the journal. For a session of the `maider` tool, type and price come from Linode where there is a token (a read-only token is enough), else from the session. Its GPUs, driver and CUDA are read with the `ssh` of this machine, which never prompts; if it cannot log in, a warning and the record (`gpu_facts`) say that they were not read. If the session's tunnel is down, that `ssh` opens another.",
    "A file for `--prompts` is described at [benchmark](benchmark.md).",
  ],
  related: ["up", "benchmark"],
  synonyms: ["collect"],
  arguments: [argument("[session]", "a session, or the label or run of one of our VMs")],
  options: [
    ...measureOptions,
    databaseOption,
    ...tokenOptions,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep benchmark-collect",
    "maider-sweep benchmark-collect my-session --category coding",
  ],
  handler: async (call) => {
    const {
      args: [session],
      options,
      terminal: { stderr },
    } = call;
    const { benchmarkSession } = await import("../benchmark-job.ts");
    const code = await benchmarkSession(session, undefined, call);
    if (options.quiet || options.json) return code;
    stderr.write(
      code === ExitCode.done
        ? "maider-sweep benchmark-compare compares it with others; maider-sweep recommend recommends one\n"
        : "Benchmark collection failed\n",
    );
    return code;
  },
});
