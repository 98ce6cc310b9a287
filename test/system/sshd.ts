import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSshKey } from "../../src/machine/keys.ts";
import type { MachineTarget } from "../../src/machine/machine.ts";

export interface Sshd {
  readonly target: MachineTarget;
  close(): Promise<void>;
}

/**
 * A real OpenSSH server on a loopback port, with a host key of ours. Runs as root, since we log in as root.
 * `command`: a program that gets each command line in SSH_ORIGINAL_COMMAND instead of the shell.
 */
export async function startSshd(command?: string): Promise<Sshd> {
  const folder = await mkdtemp(join(tmpdir(), "mds-sshd-"));
  const hostKey = generateSshKey("host");
  const clientKey = generateSshKey("client");
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  // sshd separates its privileges there, and will not start without it.
  await mkdir("/run/sshd", { recursive: true });
  await chmod(folder, 0o700);
  const config = await file(
    "config",
    [
      "ListenAddress 127.0.0.1",
      `Port ${String(port)}`,
      `HostKey ${await file("host", hostKey.privateKey)}`,
      `AuthorizedKeysFile ${await file("authorized", `${clientKey.publicLine}\n`)}`,
      "PidFile none",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "UsePAM no",
      "StrictModes no",
      ...(command === undefined ? [] : [`ForceCommand ${command}`]),
      "",
    ].join("\n"),
  );
  const sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    sshd.once("error", reject);
    sshd.once("exit", (code) => reject(new Error(`sshd ended with ${String(code)}: ${log}`)));
    sshd.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("Server listening")) resolve();
    });
  });
  return {
    target: {
      label: "mds-sshd",
      host: "127.0.0.1",
      port,
      hostKey: hostKey.publicWire,
      clientKey: clientKey.privateKey,
    },
    close: async () => {
      const ended = once(sshd, "exit");
      sshd.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
