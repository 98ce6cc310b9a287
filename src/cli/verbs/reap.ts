import { asCommandCall } from "../command.ts";
import {
  cloudOptions,
  jsonOption,
  minutesOrZero,
  option,
  outputOptions,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "reap",
  group: "upkeep",
  summary: "Destroy expired VMs of ours, from any machine with a token",
  about: [
    "The last resort when the machine of a run is lost: the label of each VM carries its expiry, so any machine that has a token can destroy what is overdue. It touches nothing whose label is not ours. Run it from a timer on another machine, every ten minutes.",
  ],
  related: ["recover", "guard"],
  options: [
    option("--dry-run", "only list what would be destroyed"),
    option("--grace <minutes>", "how long after the expiry (default 10)").argParser(minutesOrZero),
    ...cloudOptions,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep reap --dry-run", "maider-sweep reap --grace 30"],
  handler: async (call) => (await import("../commands/reap.ts")).reap(asCommandCall(call)),
});
