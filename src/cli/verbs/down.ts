import { ExitCode } from "../../support/errors.ts";
import { formatUsd, usd } from "../../support/money.ts";
import { jsonText } from "../output/json.ts";
import { cloudRequest, destroyPatienceMs, locationFlags, locationsOf } from "../requests.ts";
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
  summary: "Destroy a VM that is up, and confirm that it is deleted",
  about: [
    "Destroys a VM that is up, confirms that it is deleted, settles its bill, and removes its firewall and its session. With several up, name the session. It also works while a run is going on.",
  ],
  related: ["up", "list"],
  synonyms: ["destroy", "delete", "release"],
  arguments: [argument("[session]", "which one; needed only when several are up")],
  options: [patienceOption, ...cloudOptions, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep down", "maider-sweep down qwen2.5-coder-7b-instruct"],
  notices: [],
  handler: async (call) => {
    const {
      args: [wanted],
      options,
      terminal,
    } = call;
    const { chooseHeldVm, heldVms } = await import("../../sessions/held-vms.ts");
    const { endSession } = await import("../../sessions/end-session.ts");
    const { runContext } = await import("../output/run-reporter.ts");
    const vm = chooseHeldVm(await heldVms(locationsOf(call).stateDir), wanted);
    const { outcome, spentMicroUsd } = await endSession(
      vm,
      { cloud: cloudRequest(call), destroyPatienceMs: destroyPatienceMs(call) },
      runContext(terminal, {
        json: false,
        quiet: options.quiet === true,
        where: locationFlags(options),
      }),
      process.cwd(),
    );
    const { name: session, run, rental, simulated } = vm;
    if (outcome === "unconfirmed") {
      terminal.stderr.write(
        `not confirmed deleted: ${rental.label}; its guard keeps destroying it\n`,
      );
      return ExitCode.stillBilled;
    }
    const cost = `${simulated ? "SIMULATED " : ""}${formatUsd(spentMicroUsd)}`;
    terminal.stdout.write(
      options.json
        ? jsonText({ session, run, outcome, spent_usd: usd(spentMicroUsd) })
        : `${session} is down and confirmed deleted: ${cost} in all\n`,
    );
    return ExitCode.done;
  },
});
