import { asCommandCall } from "../command.ts";
import { argument, jsonOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "status",
  group: "run",
  summary: "Show every run: its VMs, stages, dollars spent and reserved",
  about: [
    "Reads the journals and contacts no cloud. Every run is listed, including ended and simulated ones: its state, its process and guard, dollars spent, reserved and left, and each VM with its stage.",
    "`unresolved` means that something may still be billed: `maider-sweep recover` settles it.",
  ],
  related: ["recover", "list", "logs"],
  synonyms: ["runs"],
  arguments: [argument("[run]", "only this one")],
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep status", "maider-sweep status 4bq1x0aa", "maider-sweep status --json"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => (await import("../commands/status.ts")).status(asCommandCall(call)),
});
