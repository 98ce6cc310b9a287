import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { LinearTime } from "../../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { isLoopback } from "../../support/loopback.ts";
import { controlClient, type WorldTime } from "./control-client.ts";

/** A simulated cloud that runs. */
export interface SimulatedWorld {
  readonly url: string;
  readonly token: string;
  readonly world: string;
  readonly sshPort: number;
  /** No client has chosen yet how fast its clock runs. */
  readonly isSpeedOpen: boolean;
  readonly time: LinearTime;
  /** Fixes the speed; only before the first VM. */
  setSpeed(speed: number): Promise<LinearTime>;
  /** The range from which we reach its VMs now. */
  clientCidr(): Promise<string>;
  /** Releases a world that we started: it ends when its last VM does. */
  release(): void;
}

/** Starts a world as a process of its own, which outlives us as long as a VM exists. */
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
      // Its own process group: Ctrl-C must not reach the cloud.
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
  const { url } = JSON.parse(line) as { readonly url: string };
  child.nodeChildProcess.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  (child.stdout as unknown as { unref?: () => void }).unref?.();
  child.stdin.on("error", () => undefined);
  return joinWorld(url, () => child.stdin.end());
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

async function joinWorld(url: string, release: () => void): Promise<SimulatedWorld> {
  const client = controlClient(url);
  try {
    const [world, time] = [await client.world(), await client.time()];
    return {
      url,
      token: world.token,
      world: world.world,
      sshPort: world.ssh_port,
      isSpeedOpen: time.speed === "auto",
      time: linearTime(time),
      setSpeed: async (speed) => linearTime(await client.setSpeed(speed)),
      clientCidr: async () => (await client.world()).client_cidr,
      release,
    };
  } catch (error) {
    throw new SweepError(`no simulated cloud answers at ${url}`, {
      exitCode: ExitCode.provider,
      reason: errorText(error),
      hint: "start one with `maider-sweep simulator`, or leave the address out",
    });
  }
}

function linearTime({ speed, ...time }: WorldTime): LinearTime {
  return { ...time, speed: speed === "auto" ? 1 : speed };
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

/** No token and no crash hook: what a real cloud would not see. */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = ["PATH", "HOME", "TMPDIR", "LANG", "NODE_OPTIONS"];
  return Object.fromEntries(
    passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}
