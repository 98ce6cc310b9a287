import { isoUtc } from "../../support/clock.ts";
import { shellWord } from "../../support/shell-word.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";

/**
 * Leaves the VM of a failed rental to be looked at, with the `ssh` line in the journal: at most until the rental's
 * deadline, so inside its reservation. Returns early when the sweep is stopped.
 */
export async function keepFailedVm(
  vm: RentedVm,
  reason: string,
  scope: RentalScope,
): Promise<void> {
  const { label, deadlineMs, settings, signal } = scope;
  const { clock, journal } = scope.ports;
  const now = clock.now();
  const untilMs = Math.min(now + settings.keepOnFailureMs, deadlineMs);
  if (settings.keepOnFailureMs <= 0 || untilMs <= now || signal.aborted) return;
  const line = await writeSshAccess(vm, scope);
  if (line === undefined) return;
  await journal.append({
    type: "rental.held",
    label,
    reason: `${reason}; have a look: ${line}; Ctrl-C ends the wait`,
    until: isoUtc(untilMs),
  });
  await clock.sleep(untilMs - now, signal).catch(() => undefined);
}

/** Leaves a VM that serves its model to the user until the deadline: guard and recovery spare it until then. */
export async function holdForUser(vm: RentedVm, scope: RentalScope): Promise<void> {
  const { label, deadlineMs, ports, signal } = scope;
  await writeSshAccess(vm, scope);
  signal.throwIfAborted();
  await ports.journal.append({
    type: "rental.held",
    label,
    reason: "up, until `maider-sweep down`",
    until: isoUtc(deadlineMs),
  });
}

/**
 * Writes the key and the known host of a VM into files for the user alone.
 * @returns the `ssh` line that logs in; undefined where no such file can be written
 */
async function writeSshAccess(vm: RentedVm, scope: RentalScope): Promise<string | undefined> {
  const { label, clientKey, settings } = scope;
  const { writePrivateFile } = scope.ports;
  if (writePrivateFile === undefined) return undefined;
  const port = String(settings.sshPort);
  const key = await writePrivateFile(`${label}.key`, clientKey.privateKey);
  const hosts = await writePrivateFile(
    `${label}.known_hosts`,
    `[${vm.ipv4}]:${port} ssh-ed25519 ${vm.hostKey}\n${vm.ipv4} ssh-ed25519 ${vm.hostKey}\n`,
  );
  return sshLine(key, hosts, settings.sshPort, vm.ipv4);
}

/** To be copied into a shell. */
export function sshLine(key: string, knownHosts: string, port: number, ipv4: string): string {
  return `ssh -i ${shellWord(key)} -o ${shellWord(`UserKnownHostsFile=${knownHosts}`)} -p ${String(port)} root@${ipv4}`;
}
