import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import { jsonOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "list",
  group: "use",
  summary: "List the VMs that are up: sessions, cost so far, time left",
  about: [
    "Shows the VMs that `up` left running, from their journals: session, model, stage, how long they are held, dollars so far, and whether the tunnel answers.",
  ],
  related: ["up", "down", "status"],
  synonyms: ["ls", "ps", "sessions"],
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep list", "maider-sweep list --json"],
  notices: ["open-runs"],
  handler: async (call) => {
    const { env, stdout } = call.terminal;
    const { listHeldVms } = await import("../../sessions/list-held.ts");
    const { heldVmsJson, heldVmsTable } = await import("../output/held-vms-text.ts");
    const vms = await listHeldVms(locationsOf(call).stateDir, env, process.cwd());
    stdout.write(call.options.json ? jsonText(heldVmsJson(vms)) : heldVmsTable(vms));
    return ExitCode.done;
  },
});
