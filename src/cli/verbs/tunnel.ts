import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import { argument, jsonOption, outputOptions, stateOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "tunnel",
  group: "use",
  summary: "Restart the tunnel to a VM that is up",
  about: [
    "`up` forwards a local port to the VM's vLLM with a process of its own, which reconnects when the network was away. If that process has ended, for example because this machine was rebooted, `list` says that the tunnel is down, and this verb starts it again on the same port. A tunnel that answers is left alone.",
  ],
  related: ["up", "list", "down"],
  synonyms: ["reconnect", "forward"],
  arguments: [argument("[session]", "which one; needed only when several are up")],
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep tunnel", "maider-sweep tunnel qwen2.5-coder-7b-instruct"],
  notices: [],
  handler: async (call) => {
    const {
      args: [wanted],
      options,
      terminal: { env, stdout },
    } = call;
    const { stateDir } = locationsOf(call);
    const { sessionFolders } = await import("../../sessions/find-session.ts");
    const { chooseHeldVm, heldVms } = await import("../../sessions/held-vms.ts");
    const { restartTunnel } = await import("../../sessions/restart-tunnel.ts");
    const vm = chooseHeldVm(await heldVms(stateDir), wanted);
    const { apiBase, restarted } = await restartTunnel(vm, sessionFolders(env, stateDir), env);
    stdout.write(
      options.json
        ? jsonText({ session: vm.name, run: vm.run, api_base: apiBase, restarted })
        : `${vm.name}: ${apiBase}${restarted ? "" : " (its tunnel was not down)"}\n`,
    );
    return ExitCode.done;
  },
});
