import type { Machine, MachineTarget } from "../../machine/machine.ts";
import type { PlannedRental } from "../../estimate/estimate.ts";
import { isoUtc } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";
import { bringUp } from "./boot.ts";
import { giveUp } from "./give-up.ts";
import { writeSshAccess } from "./write-ssh-access.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { RentedVm } from "./rented-vm.ts";
import type { SweepSettings } from "../settings.ts";
import { startServer } from "./start-server.ts";

/**
 * Serves a rental's first model and leaves the VM held until the deadline: guard and recovery spare it until then.
 * What goes wrong is in the journal. @returns false when the model did not come up: then the VM has to go.
 * @throws what ended the rental itself, after the journal has it
 */
export async function serveAndHold(
  vm: RentedVm,
  planned: PlannedRental,
  deadlineMs: number,
  clientKey: SshKey,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<boolean> {
  const { label } = vm;
  const target: MachineTarget = {
    label,
    host: vm.ipv4,
    port: settings.sshPort,
    hostKey: vm.hostKey,
    clientKey: clientKey.privateKey,
  };
  const [configuration] = planned.configurations;
  if (configuration === undefined) return false;
  let machine: Machine | undefined;
  try {
    machine = await bringUp(vm, target, planned.gpuId, ports, signal);
    const job = { label, configuration, machine, serverMayRun: vm.serverMayRun };
    const served = await startServer(job, ports, settings, signal);
    if (!served.ready) {
      await giveUp(label, planned, [configuration], served.cause, ports);
      return false;
    }
    await writeSshAccess(vm, clientKey, settings.sshPort, ports);
    signal.throwIfAborted();
    await ports.journal.append({
      type: "rental.held",
      label,
      reason: "up, until `maider-sweep down`",
      until: isoUtc(deadlineMs),
    });
    return true;
  } catch (error) {
    const reason = errorText(signal.aborted ? signal.reason : error);
    await giveUp(label, planned, [configuration], reason, ports);
    throw error;
  } finally {
    void machine?.close().catch(() => undefined);
  }
}
