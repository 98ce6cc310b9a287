import { isIP } from "node:net";
import { execa } from "execa";
import { sleepReal } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { connectionTo } from "../vllm/api-base.ts";
import { freePort } from "./start-tunnel.ts";
import type { Session } from "./session.ts";

export interface SshTunnel {
  /** Its near end. */
  readonly apiBase: string;
  close(): void;
}

const LOOK_MS = 100;

/**
 * Leads a free port of ours to the server of a session, by the `ssh` of this machine: it alone has the key with which
 * the Python tool made the VM, and knows its host key. Asks nothing.
 * @throws SweepError when that is refused.
 */
export async function openSshTunnel(
  { apiBase = "", ip, name }: Session,
  signal: AbortSignal,
): Promise<SshTunnel> {
  const refused = (reason: string): SweepError =>
    new SweepError(`the server of session ${name} cannot be reached`, {
      exitCode: ExitCode.provider,
      reason: `its tunnel to ${apiBase} is down, and one of ours was refused: ${reason}`,
      hint: `check that the VM lives and that ssh root@${ip} works`,
    });
  if (isIP(ip) === 0) throw refused(`${JSON.stringify(ip)} is no address`);
  const target = new URL(apiBase);
  const near = new URL(apiBase);
  near.hostname = "127.0.0.1";
  near.port = String(await freePort(undefined));
  const words = ["BatchMode=yes", "ExitOnForwardFailure=yes", "ConnectTimeout=10"];
  const ssh = execa(
    "ssh",
    [
      "-N",
      ...words.flatMap((word) => ["-o", word]),
      "-L",
      `127.0.0.1:${near.port}:127.0.0.1:${target.port === "" ? "80" : target.port}`,
      `root@${ip}`,
    ],
    { stdin: "ignore", stdout: "ignore", reject: false },
  );
  let ended: string | undefined;
  void ssh.then(({ shortMessage, stderr }) => {
    ended = (stderr === "" ? shortMessage : stderr.trim().split("\n").at(-1)) ?? "it ended";
  });
  const close = (): void => {
    ssh.kill();
  };
  const connection = connectionTo(near.href, undefined);
  try {
    for (;;) {
      if (ended !== undefined) throw refused(ended);
      const socket = await connection.open(signal).catch(() => undefined);
      if (socket !== undefined) {
        socket.destroy();
        return { apiBase: near.href.replace(/\/$/, ""), close };
      }
      await sleepReal(LOOK_MS, signal);
    }
  } catch (error) {
    close();
    throw error;
  }
}
