import type { SshKey, SweepPorts } from "./ports.ts";
import type { RentedVm } from "./rented-vm.ts";

/** Writes the key and the known host of a VM for its user alone. @returns the `ssh` line to get in; undefined when nothing is lent */
export async function lendWayIn(
  vm: RentedVm,
  clientKey: SshKey,
  sshPort: number,
  { lend }: Pick<SweepPorts, "lend">,
): Promise<string | undefined> {
  if (lend === undefined) return undefined;
  const port = String(sshPort);
  const key = await lend(`${vm.label}.key`, clientKey.privateKey);
  const hosts = await lend(
    `${vm.label}.known_hosts`,
    `[${vm.ipv4}]:${port} ssh-ed25519 ${vm.hostKey}\n${vm.ipv4} ssh-ed25519 ${vm.hostKey}\n`,
  );
  return `ssh -i '${key}' -o UserKnownHostsFile='${hosts}' -p ${port} root@${vm.ipv4}`;
}
