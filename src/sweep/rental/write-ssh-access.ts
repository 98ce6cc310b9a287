import { shellWord } from "../../support/shell-word.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { RentedVm } from "./rented-vm.ts";

/** Writes the key and the known host of a VM for its user alone. @returns the `ssh` line to get in; undefined when nothing is lent */
export async function writeSshAccess(
  vm: RentedVm,
  clientKey: SshKey,
  sshPort: number,
  { writePrivateFile }: Pick<SweepPorts, "writePrivateFile">,
): Promise<string | undefined> {
  if (writePrivateFile === undefined) return undefined;
  const port = String(sshPort);
  const key = await writePrivateFile(`${vm.label}.key`, clientKey.privateKey);
  const hosts = await writePrivateFile(
    `${vm.label}.known_hosts`,
    `[${vm.ipv4}]:${port} ssh-ed25519 ${vm.hostKey}\n${vm.ipv4} ssh-ed25519 ${vm.hostKey}\n`,
  );
  return sshLine(key, hosts, sshPort, vm.ipv4);
}

/** To be copied into a shell. */
export function sshLine(key: string, knownHosts: string, port: number, ipv4: string): string {
  return `ssh -i ${shellWord(key)} -o ${shellWord(`UserKnownHostsFile=${knownHosts}`)} -p ${String(port)} root@${ipv4}`;
}
