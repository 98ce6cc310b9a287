import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import { jsonOption, onlySimulatedOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "list",
  group: "use",
  summary: "List the VMs that are up: sessions, cost so far, time left",
  about: [
    "Lists the VMs that `up` left running, from their journals: session, model, GPU type, until when each is held, dollars so far, and whether its tunnel answers. It contacts no cloud.",
  ],
  related: ["up", "down", "tunnel", "status"],
  synonyms: ["ls", "ps", "sessions"],
  options: [onlySimulatedOption, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep list", "maider-sweep list --json"],
  notices: ["open-runs"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { env, stdout } = terminal;
    const { listHeldVms } = await import("../../sessions/list-held.ts");
    const { heldVmsJson, heldVmsTable } = await import("../output/held-vms-text.ts");
    const { tableStyle } = await import("../output/table-style.ts");
    const all = await listHeldVms(locationsOf(call).stateDir, env);
    const vms = all.filter(({ simulated }) => simulated || options.simulate === undefined);
    stdout.write(
      options.json
        ? jsonText(heldVmsJson(vms))
        : heldVmsTable(vms, tableStyle(terminal), options.simulate === true),
    );
    return ExitCode.done;
  },
});
