import { endSession } from "../../sessions/end-session.ts";
import { heldVms, type HeldVm } from "../../sessions/held-vms.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { formatUsd, usd } from "../../support/money.ts";
import type { Handler } from "../command.ts";
import { runContext } from "../output/run-reporter.ts";
import { cloudRequest, destroyPatienceMs, locationsOf } from "../requests.ts";

/** Lets go of a VM that is up: destroys it, proves it gone, closes its books and removes its session. */
export const down: Handler = async (call) => {
  const { options, parameters, terminal } = call;
  const vm = choose(await heldVms(locationsOf(call).stateDir), parameters[0]);
  const request = { cloud: cloudRequest(call), destroyPatienceMs: destroyPatienceMs(call) };
  const context = runContext(call, { json: false });
  const { outcome, spentMicroUsd } = await endSession(vm, request, context, process.cwd());
  const { name, run, rental, simulated } = vm;
  if (outcome === "unproved") {
    terminal.stderr.write(`not proved gone: ${rental.label}; its guard goes on destroying it\n`);
    return ExitCode.stillBilled;
  }
  const cost = `${simulated ? "SIMULATED " : ""}${formatUsd(spentMicroUsd)}`;
  terminal.stdout.write(
    options["json"] === true
      ? `${JSON.stringify({ session: name, run, outcome, spent_usd: usd(spentMicroUsd) }, undefined, 2)}\n`
      : `${name} is down and proved gone: ${cost} in all\n`,
  );
  return ExitCode.done;
};

function choose(held: readonly HeldVm[], wanted: string | undefined): HeldVm {
  const [first, another] = held;
  const found =
    wanted === undefined ? first : held.find(({ name, run }) => [name, run].includes(wanted));
  if (found === undefined) {
    throw new SweepError(wanted === undefined ? "nothing is up" : `${wanted} is not up`, {
      exitCode: ExitCode.usage,
      hint:
        first === undefined
          ? "maider-sweep status shows what was"
          : `up is: ${held.map(({ name }) => name).join(", ")}`,
    });
  }
  if (wanted === undefined && another !== undefined) {
    throw new SweepError("several VMs are up", {
      exitCode: ExitCode.usage,
      hint: `name one: ${held.map(({ name }) => name).join(", ")}`,
    });
  }
  return found;
}
