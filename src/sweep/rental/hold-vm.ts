import { isoUtc } from "../../support/clock.ts";
import { shellWord } from "../../support/shell-word.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";

/**
 * Holds the VM of a failed rental for inspection, and journals the `ssh` command for it. Ends at the rental's deadline at
 * the latest, so within its reservation, or when the sweep is stopped.
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
    reason: `${reason}; inspect it: ${line}; Ctrl-C ends the wait`,
    until: isoUtc(untilMs),
  });
  await clock.sleep(untilMs - now, signal).catch(() => undefined);
}

/** Hands a VM that serves its model to the user. The guard and `recover` spare it until the deadline. */
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
 * Writes the SSH key and the host key of a VM into files that only the user can read.
 * @returns the `ssh` command for the VM; undefined if there is no port for such files
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

/** A command to copy into a shell. */
export function sshLine(key: string, knownHosts: string, port: number, ipv4: string): string {
  return `ssh -i ${shellWord(key)} -o ${shellWord(`UserKnownHostsFile=${knownHosts}`)} -p ${String(port)} root@${ipv4}`;
}
