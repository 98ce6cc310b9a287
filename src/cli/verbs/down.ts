import { asCommandCall } from "../command.ts";
import {
  argument,
  cloudOptions,
  jsonOption,
  outputOptions,
  patienceOption,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "down",
  group: "use",
  summary: "Destroy a VM that is up, and prove it gone",
  about: [
    "Destroys a VM that is up, proves it gone, settles its bill, and removes its firewall and its session. With several up, name the session. It also works while a run is going on.",
  ],
  related: ["up", "list"],
  synonyms: ["destroy", "delete", "release"],
  arguments: [argument("[session]", "which one; needed only when several are up")],
  options: [patienceOption, ...cloudOptions, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep down", "maider-sweep down qwen2.5-coder-7b-instruct"],
  notices: [],
  handler: async (call) => (await import("../commands/down.ts")).down(asCommandCall(call)),
});
