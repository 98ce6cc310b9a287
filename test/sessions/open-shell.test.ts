import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runFolder } from "../../src/journal/state-folder.ts";
import { loginTo, sshArguments } from "../../src/sessions/open-shell.ts";
import { newStateDir, opened, openIn, reserved, RUN, vmLabel } from "../journal/journal-rig.ts";

const IP = "203.0.113.9";
const label = vmLabel(1);

/** A running sweep with one VM. */
async function sweepWithVm(): Promise<string> {
  const stateDir = newStateDir();
  const journal = await openIn(runFolder(stateDir, RUN));
  await journal.append(opened);
  await journal.append(reserved(label, { host_key: "AAAAC3Nza" }));
  await journal.append({ type: "create.sent", label });
  await journal.append({ type: "create.acknowledged", label, vm_id: 1, ipv4: IP });
  await journal.close();
  writeFileSync(join(runFolder(stateDir, RUN), "client-key"), "key");
  return stateDir;
}

test("the host key of the VM is pinned, in a file that is private", async () => {
  const stateDir = await sweepWithVm();
  const { args, name } = await loginTo(label, {}, stateDir, "/");
  const folder = runFolder(stateDir, RUN);
  const knownHosts = join(folder, `${label}.known_hosts`);
  expect(name).toBe(label);
  expect(args).toEqual(sshArguments(IP, opened.ssh_port, join(folder, "client-key"), knownHosts));
  expect(args).toContain("StrictHostKeyChecking=yes");
  expect(readFileSync(knownHosts, "utf8")).toContain(`${IP} ssh-ed25519 AAAAC3Nza\n`);
});

test("a VM that is not up is refused", async () => {
  const stateDir = newStateDir();
  mkdirSync(join(stateDir, "home"));
  const env = { HOME: join(stateDir, "home") };
  await expect(loginTo(undefined, env, stateDir, "/")).rejects.toMatchObject({
    exitCode: 2,
    message: "no VM is up",
  });
  await expect(loginTo("coder", env, stateDir, "/")).rejects.toMatchObject({ exitCode: 2 });
});
