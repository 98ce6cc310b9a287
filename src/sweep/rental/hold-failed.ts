import { isoUtc } from "../../support/clock.ts";
import { writeSshAccess } from "./write-ssh-access.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { RentedVm } from "./rented-vm.ts";
import type { SweepSettings } from "../settings.ts";

/**
 * Leaves a VM on which something failed for a look, with the way in told by the journal: at most until the rental's
 * deadline, so inside its reservation. Returns early when the sweep is told to stop.
 */
export async function holdFailed(
  vm: RentedVm,
  reason: string,
  deadlineMs: number,
  clientKey: SshKey,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<void> {
  const { clock, journal } = ports;
  const now = clock.now();
  const untilMs = Math.min(now + settings.keepOnFailureMs, deadlineMs);
  if (settings.keepOnFailureMs <= 0 || untilMs <= now || signal.aborted) return;
  const wayIn = await writeSshAccess(vm, clientKey, settings.sshPort, ports);
  if (wayIn === undefined) return;
  await journal.append({
    type: "rental.held",
    label: vm.label,
    reason: `${reason}; have a look: ${wayIn}; Ctrl-C ends the wait`,
    until: isoUtc(untilMs),
  });
  await clock.sleep(untilMs - now, signal).catch(() => undefined);
}
