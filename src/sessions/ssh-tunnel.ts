import { isIP } from "node:net";
import { execa } from "execa";
import { sleepReal } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { connectionTo } from "../vllm/api-base.ts";
import { freePort } from "./start-tunnel.ts";
import type { Session } from "./session.ts";

export interface SshTunnel {
  /** URL of the tunnel's local end. */
  readonly apiBase: string;
  close(): void;
}

const POLL_INTERVAL_MS = 100;

/**
 * Forwards a free local port to a session's server, through the local `ssh` program, which has the VM's host key and the
 * key that the Python tool created the VM with. Never prompts.
 * @throws SweepError if the tunnel cannot be opened
 */
export async function openSshTunnel(
  { apiBase = "", ip, name }: Session,
  signal: AbortSignal,
): Promise<SshTunnel> {
  const unreachable = (reason: string): SweepError =>
    new SweepError(`the server of session ${name} cannot be reached`, {
      exitCode: ExitCode.provider,
      reason: `its tunnel to ${apiBase} is down, and a new tunnel failed: ${reason}`,
      hint: `check that the VM still exists and that ssh root@${ip} works`,
    });
  if (isIP(ip) === 0) throw unreachable(`${JSON.stringify(ip)} is not an IP address`);
  const remotePort = new URL(apiBase).port || "80";
  const local = new URL(apiBase);
  local.hostname = "127.0.0.1";
  local.port = String(await freePort(undefined));
  const options = ["BatchMode=yes", "ExitOnForwardFailure=yes", "ConnectTimeout=10"];
  const ssh = execa(
    "ssh",
    [
      "-N",
      ...options.flatMap((option) => ["-o", option]),
      "-L",
      `127.0.0.1:${local.port}:127.0.0.1:${remotePort}`,
      `root@${ip}`,
    ],
    { stdin: "ignore", stdout: "ignore", reject: false },
  );
  let failure: string | undefined;
  void ssh.then(({ shortMessage, stderr }) => {
    failure = (stderr === "" ? shortMessage : stderr.trim().split("\n").at(-1)) ?? "ssh exited";
  });
  const close = (): void => {
    ssh.kill();
  };
  const connection = connectionTo(local.href, undefined);
  try {
    for (;;) {
      if (failure !== undefined) throw unreachable(failure);
      const socket = await connection.open(signal).catch(() => undefined);
      if (socket !== undefined) {
        socket.destroy();
        return { apiBase: local.href.replace(/\/$/, ""), close };
      }
      await sleepReal(POLL_INTERVAL_MS, signal);
    }
  } catch (error) {
    close();
    throw error;
  }
}
