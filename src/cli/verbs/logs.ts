import { asCommandCall } from "../command.ts";
import { argument, jsonOption, option, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "logs",
  group: "run",
  summary: "Show a run's events and the logs of its failures",
  about: [
    "The events of a run as lines, then the vLLM logs that were saved where a server failed, and the guard's log. An entry is a VM's label, a GPU type, a rental's number or a model.",
  ],
  related: ["status", "run"],
  synonyms: ["events"],
  arguments: [
    argument("<run>", "the run; `status` lists them"),
    argument("[entry]", "only this VM, GPU type, rental number or model"),
  ],
  options: [
    option("-f, --follow", "keep printing until the run has ended"),
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep logs k3xw90ab",
    "maider-sweep logs k3xw90ab Qwen/Qwen2.5-Coder-7B-Instruct",
    "maider-sweep logs k3xw90ab --follow",
  ],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => (await import("../commands/logs.ts")).logs(asCommandCall(call)),
});
