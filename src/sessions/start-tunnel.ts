import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { TunnelOrder } from "./tunnel-process.ts";

/** Where the Python tool's sessions have their API. */
const USUAL_PORT = 3_000;
const PORTS_TRIED = 100;

/** The port that was asked for, or the first free one from 3000 on. @throws SweepError exit 2 when there is none */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    throw new SweepError(`port ${String(wanted)} is taken on this machine`, {
      exitCode: ExitCode.usage,
      hint: "name another with --port, or leave it out",
    });
  }
  for (let port = USUAL_PORT; port < USUAL_PORT + PORTS_TRIED; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new SweepError("no port is free for the tunnel", {
    exitCode: ExitCode.usage,
    reason: `${String(USUAL_PORT)} and the next ${String(PORTS_TRIED)} are taken`,
    hint: "name one with --port",
  });
}

/**
 * Starts the tunnel as a process of its own, which ends with its rental. @throws SweepError exit 4 when it does not
 * come up: the VM is up all the same.
 */
export async function startTunnel(order: TunnelOrder, env: NodeJS.ProcessEnv): Promise<void> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const entry = fileURLToPath(new URL(`./tunnel-process.${extension}`, import.meta.url));
  const child = execa(process.execPath, [entry], {
    detached: true,
    cleanup: false,
    input: JSON.stringify(order),
    stdout: "pipe",
    stderr: "ignore",
    buffer: false,
    reject: false,
    extendEnv: false,
    cwd: "/",
    env: { PATH: env["PATH"] ?? "", HOME: env["HOME"] ?? "" },
  });
  const said = await Promise.race([
    new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).once("line", resolve);
    }),
    child.then(() => "failed it ended at once"),
  ]);
  if (said !== "ready") {
    throw new SweepError("the tunnel did not come up", {
      exitCode: ExitCode.provider,
      reason: said.replace(/^failed /, ""),
      hint: "the VM is up all the same: maider-sweep list shows it, maider-sweep down lets it go",
    });
  }
  child.nodeChildProcess.unref();
  (child.stdout as unknown as { readonly unref?: () => void }).unref?.();
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
