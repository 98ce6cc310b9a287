import { createConnection, createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { TunnelRequest } from "./tunnel-process.ts";

/** The port that the Python tool uses. */
const FIRST_PORT = 3_000;
const PORTS_TRIED = 100;
const CONNECT_TIMEOUT_MS = 1_000;

/** @returns the wanted port, or the first free one from 3000 on. @throws SweepError exit 2 if there is none */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    throw new SweepError(`port ${String(wanted)} is already in use on this machine`, {
      exitCode: ExitCode.usage,
      hint: "choose another port with --port, or omit --port",
    });
  }
  for (let port = FIRST_PORT; port < FIRST_PORT + PORTS_TRIED; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new SweepError("no port is free for the tunnel", {
    exitCode: ExitCode.usage,
    reason: `ports ${String(FIRST_PORT)} to ${String(FIRST_PORT + PORTS_TRIED - 1)} are in use`,
    hint: "choose a port with --port",
  });
}

/**
 * Starts a detached process that serves the tunnel and exits when the rental ends.
 * @throws SweepError exit 4 if the tunnel cannot be opened; the VM stays up
 */
export async function startTunnel(request: TunnelRequest, env: NodeJS.ProcessEnv): Promise<void> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const entry = fileURLToPath(new URL(`./tunnel-process.${extension}`, import.meta.url));
  const child = execa(process.execPath, [entry], {
    detached: true,
    cleanup: false,
    input: JSON.stringify(request),
    stdout: "pipe",
    stderr: "ignore",
    buffer: false,
    reject: false,
    extendEnv: false,
    cwd: "/",
    env: { PATH: env["PATH"] ?? "", HOME: env["HOME"] ?? "" },
  });
  const firstLine = await Promise.race([
    new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).once("line", resolve);
    }),
    child.then(() => "failed its process exited at once"),
  ]);
  if (firstLine !== "ready") {
    throw new SweepError("the tunnel could not be opened", {
      exitCode: ExitCode.provider,
      reason: firstLine.replace(/^failed /, ""),
      hint: "the VM is still up: maider-sweep tunnel tries again, maider-sweep down destroys it",
    });
  }
  child.nodeChildProcess.unref();
  (child.stdout as unknown as { readonly unref?: () => void }).unref?.();
}

/** Whether `startTunnel` failed because another program listens on the port. */
export function isPortInUse(error: unknown): boolean {
  return error instanceof SweepError && error.reason?.includes("EADDRINUSE") === true;
}

/** Whether something listens on a local port. */
export async function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: CONNECT_TIMEOUT_MS });
    const finish = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => {
      finish(true);
    });
    for (const event of ["error", "timeout"] as const) {
      socket.once(event, () => {
        finish(false);
      });
    }
  });
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
