import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { LinearTime } from "../../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";

/** A simulated cloud that answers. */
export interface SimulatedWorld {
  readonly url: string;
  readonly token: string;
  readonly world: string;
  readonly sshPort: number;
  /** True until somebody has said how fast its clock runs. */
  readonly speedOpen: boolean;
  readonly time: LinearTime;
  /** Fixes the speed; only before the first VM. */
  setSpeed(speed: number): Promise<LinearTime>;
  /** Lets go of a world that we started: it ends when its last VM has. */
  release(): void;
}

/** Starts a world as a process of its own: it outlives us for as long as a VM of ours lives. */
export async function startSimulatedWorld(options: {
  readonly seed: number;
  readonly speed: number | "auto";
  /** Scales boot, set-up, download and load; 1 when left out. */
  readonly delays?: number;
  readonly env: NodeJS.ProcessEnv;
}): Promise<SimulatedWorld> {
  const program = fileURLToPath(new URL("../../../bin/maider-sweep.js", import.meta.url));
  const child = execa(
    process.execPath,
    [
      program,
      "simulator",
      "--lease",
      "--port",
      "0",
      "--seed",
      String(options.seed),
      "--speed",
      String(options.speed),
      "--delays",
      String(options.delays ?? 1),
    ],
    {
      // Its own process group: Ctrl-C is for the sweep, the cloud stays.
      detached: true,
      cleanup: false,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
      buffer: false,
      reject: false,
      extendEnv: false,
      env: environment(options.env),
    },
  );
  const line = await firstLine(child.stdout, child);
  const told = JSON.parse(line) as { url: string };
  child.nodeChildProcess.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  (child.stdout as unknown as { unref?: () => void }).unref?.();
  child.stdin.on("error", () => undefined);
  return joinWorld(told.url, () => child.stdin.end());
}

/** Joins a world that runs already. @throws SweepError exit 4 when none answers there. */
export async function joinSimulatedWorld(url: string): Promise<SimulatedWorld> {
  if (!isLoopback(url)) {
    throw new SweepError(`--simulate ${url} is not a loopback address`, {
      exitCode: ExitCode.usage,
      reason: "a simulated cloud only runs on this machine",
      hint: "maider-sweep simulator prints the address to use",
    });
  }
  return joinWorld(url.replace(/\/+$/, ""), () => undefined);
}

/** Is this an http(s) address of this very machine? */
export function isLoopback(url: string): boolean {
  try {
    const { hostname, protocol } = new URL(url);
    return (
      /^https?:$/.test(protocol) &&
      (hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127."))
    );
  } catch {
    return false;
  }
}

async function joinWorld(url: string, release: () => void): Promise<SimulatedWorld> {
  const world = await ask<{ world: string; token: string; ssh_port: number }>(
    url,
    "/simulator/world",
  );
  const clock = await ask<{ v0: number; w0: number; speed: number | "auto" }>(
    url,
    "/simulator/clock",
  );
  const asTime = (told: { v0: number; w0: number; speed: number | "auto" }): LinearTime => ({
    v0: told.v0,
    w0: told.w0,
    speed: told.speed === "auto" ? 1 : told.speed,
  });
  return {
    url,
    token: world.token,
    world: world.world,
    sshPort: world.ssh_port,
    speedOpen: clock.speed === "auto",
    time: asTime(clock),
    setSpeed: async (speed) => asTime(await ask(url, "/simulator/clock", { speed })),
    release,
  };
}

async function ask<T>(url: string, path: string, body?: unknown): Promise<T> {
  try {
    const response = await fetch(`${url}${path}`, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok)
      throw new Error(`it answered ${String(response.status)}: ${await response.text()}`);
    return (await response.json()) as T;
  } catch (error) {
    throw new SweepError(`no simulated cloud answers at ${url}`, {
      exitCode: ExitCode.provider,
      reason: errorText(error),
      hint: "start one with `maider-sweep simulator`, or leave the address out",
    });
  }
}

async function firstLine(stream: NodeJS.ReadableStream, child: Promise<unknown>): Promise<string> {
  const lines = createInterface({ input: stream });
  const ended = child.then(() => undefined);
  const line = await Promise.race([
    new Promise<string>((resolve) => {
      lines.once("line", resolve);
    }),
    ended,
  ]);
  if (line === undefined) {
    throw new SweepError("the simulated cloud did not start", { exitCode: ExitCode.bug });
  }
  return line;
}

/** No token, no crash hook, nothing of ours that a cloud would not know. */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "TMPDIR", "LANG", "NODE_OPTIONS"];
  return Object.fromEntries(
    kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}
