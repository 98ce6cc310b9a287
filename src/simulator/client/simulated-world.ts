import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { LinearTime } from "../../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { isLoopback } from "../../support/loopback.ts";
import { controlClient, type WorldTime } from "./control-client.ts";

/** A running simulated cloud. */
export interface SimulatedWorld {
  readonly url: string;
  readonly token: string;
  readonly world: string;
  readonly sshPort: number;
  /** Whether the speed of its clock is still `"auto"`. */
  readonly isSpeedOpen: boolean;
  readonly time: LinearTime;
  /** Permitted only before the first VM is created. */
  setSpeed(speed: number): Promise<LinearTime>;
  /** The range from which we reach its VMs now. */
  clientCidr(): Promise<string>;
  /** Lets a world that we started end once its last VM is deleted. */
  release(): void;
}

/** Starts a world in a detached process, which keeps running after us while a VM exists. */
export async function startSimulatedWorld(options: {
  readonly seed: number;
  readonly speed: number | "auto";
  /** Factor for boot, set-up, download and load; default 1. */
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
      // In its own process group, so that Ctrl-C does not end the cloud.
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

/** Connects to a running world. @throws SweepError exit 2 for another machine's address, exit 4 if none answers */
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
      hint: "start one with `maider-sweep simulator`, or use --simulate without an address",
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

/** Passes on neither tokens nor the crash hook, which a real cloud would not get either. */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = ["PATH", "HOME", "TMPDIR", "LANG", "NODE_OPTIONS"];
  return Object.fromEntries(
    passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}
