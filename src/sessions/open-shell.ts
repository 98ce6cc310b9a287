import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { readJournal } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { SECRET_VARIABLES } from "../run/cloud-access/token.ts";
import { simulatedStateDir } from "../run/locations.ts";
import { foldRun, openRentals } from "../run-state/fold-run.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import { findVm } from "./find-vm.ts";
import { chooseHeldVm, heldVms } from "./held-vms.ts";
import type { SessionRental } from "./session.ts";

/** How to log in to a VM with the local `ssh` program. */
export interface Login {
  /** A session's name, or a VM's label. */
  readonly name: string;
  /** Arguments of `ssh`; no shell reads them. */
  readonly args: readonly string[];
}

/** ssh's own failures, such as a connection that is refused; other codes come from the VM. */
const SSH_FAILED = 255;

/**
 * Finds the VM that the user names, and writes its host key into a file, so that `ssh` accepts no other.
 * @param name a session, a run, or the label of a VM, also of a running sweep; undefined for the only VM that is up
 * @throws SweepError exit 2 if it is not up, or the choice is ambiguous
 */
export async function loginTo(
  name: string | undefined,
  env: NodeJS.ProcessEnv,
  stateDir: string,
  workingDirectory: string,
): Promise<Login> {
  const sweepVm = name === undefined ? undefined : openRentalByLabel(name, stateDir);
  if (sweepVm !== undefined) return loginToRental(sweepVm);
  if (name === undefined) {
    const { stateDir: home, run, rental } = chooseHeldVm(await heldVms(stateDir), undefined);
    return loginToRental({ stateDir: home, run, label: rental.label });
  }
  const found = findVm(name, env, stateDir, workingDirectory);
  if (found.kind === "rental") return loginToRental(found.rental, found.name);
  const { ip } = found.session;
  if (isIP(ip) === 0) throw notUp(found.name, `${JSON.stringify(ip)} is not an IP address`);
  // A session of the Python tool: the user's own keys and known hosts apply.
  return { name: found.name, args: [`root@${ip}`] };
}

/**
 * Runs `ssh` in this terminal until its user logs out.
 * @throws SweepError exit 4 if it cannot connect, exit 2 if there is no `ssh` program
 */
export async function openShell({ args, name }: Login, env: NodeJS.ProcessEnv): Promise<void> {
  const rest = { ...env };
  for (const variable of SECRET_VARIABLES) delete rest[variable];
  const ended = await execa("ssh", args, {
    stdio: "inherit",
    reject: false,
    env: rest,
    extendEnv: false,
  });
  if (ended.code === "ENOENT")
    throw new SweepError("there is no ssh program", {
      exitCode: ExitCode.usage,
      hint: "install OpenSSH's client",
    });
  if (ended.exitCode !== SSH_FAILED) return;
  throw new SweepError(`ssh could not connect to ${name}`, {
    exitCode: ExitCode.provider,
    hint: "maider-sweep status shows whether the VM still exists; your public address may have changed",
  });
}

/** @returns undefined unless `label` is the label of a VM that is up */
function openRentalByLabel(label: string, stateDir: string): SessionRental | undefined {
  for (const home of [stateDir, simulatedStateDir(stateDir)]) {
    const run = listRuns(home).find((id) => label.startsWith(`mds-${id}-`));
    if (run === undefined) continue;
    const open = openRentals(foldRun(readJournal(runFolder(home, run)).events));
    if (open.some((rental) => rental.label === label)) return { stateDir: home, run, label };
  }
  return undefined;
}

async function loginToRental(
  { label, run, stateDir }: SessionRental,
  name: string = label,
): Promise<Login> {
  const folder = runFolder(stateDir, run);
  const { opened, rentals } = foldRun(readJournal(folder).events);
  const rental = rentals.get(label);
  if (opened === undefined || rental?.ipv4 === undefined)
    throw notUp(name, rental === undefined ? `run ${run} has no such VM` : `it is ${rental.stage}`);
  // A running sweep has one key for all its VMs; a VM that was left up has a file of its own.
  const key = [`${label}.key`, "client-key"]
    .map((file) => join(folder, file))
    .find((file) => existsSync(file));
  if (key === undefined) throw notUp(name, "its SSH key is deleted");
  const knownHosts = join(folder, `${label}.known_hosts`);
  await writeFileAtomically(knownHosts, knownHostLines(rental.ipv4, opened.ssh_port, rental));
  return { name, args: sshArguments(rental.ipv4, opened.ssh_port, key, knownHosts) };
}

function knownHostLines(ip: string, port: number, { hostKey }: RentalState): string {
  return `[${ip}]:${String(port)} ssh-ed25519 ${hostKey}\n${ip} ssh-ed25519 ${hostKey}\n`;
}

/** The VM's host key is pinned: ssh asks nothing, and accepts no other key. */
export function sshArguments(
  ip: string,
  port: number,
  key: string,
  knownHosts: string,
): readonly string[] {
  const options = [
    "IdentitiesOnly=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=none",
    // ssh splits the value at blanks and expands %.
    `UserKnownHostsFile="${knownHosts.replaceAll("%", "%%")}"`,
  ];
  return [
    "-i",
    key.replaceAll("%", "%%"),
    ...options.flatMap((option) => ["-o", option]),
    "-p",
    String(port),
    `root@${ip}`,
  ];
}

function notUp(name: string, reason: string): SweepError {
  return new SweepError(`${name} is not up`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "maider-sweep list shows the VMs that are up",
  });
}
