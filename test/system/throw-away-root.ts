import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that programs of the VM take for `/`, with stand-ins before all else on the PATH. */
export interface ThrowAwayRoot {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where the stand-ins keep what they were asked and read how to behave. */
  readonly standIns: string;
  run(argv: readonly string[], stdin?: string): Promise<Ended>;
  write(path: string, content: string): Promise<void>;
  read(path: string): Promise<string>;
  /** Argument lists of the stand-ins so far, program first. */
  calls(): Promise<string[][]>;
  remove(): Promise<void>;
}

export const template = (name: string): string =>
  fileURLToPath(new URL(`../../templates/${name}`, import.meta.url));

export async function throwAwayRoot(env: Record<string, string> = {}): Promise<ThrowAwayRoot> {
  const path = await mkdtemp(join(tmpdir(), "mds-root-"));
  const standIns = join(path, "stand-ins");
  await cp(fileURLToPath(new URL("stand-ins", import.meta.url)), join(path, "bin"), {
    recursive: true,
  });
  await mkdir(standIns);
  const own: ThrowAwayRoot = {
    path,
    standIns,
    env: {
      PATH: `${join(path, "bin")}:${process.env["PATH"] ?? ""}`,
      HOME: path,
      MAIDER_SWEEP_ROOT: path,
      MAIDER_SWEEP_PAUSE: "0",
      STAND_INS: standIns,
      ...env,
    },
    run: async ([program = "", ...args], stdin = "") => {
      const child = spawn(program, args, { env: own.env, cwd: path });
      child.stdin.on("error", () => undefined);
      child.stdin.end(stdin);
      const code = new Promise<number | null>((resolve, reject) => {
        child.once("close", resolve);
        child.once("error", reject);
      });
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return { code: await code, stdout, stderr };
    },
    write: async (name, content) => {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), content);
    },
    read: (name) => readFile(join(path, name), "utf8"),
    calls: async () => {
      const lines = await readFile(join(standIns, "calls.jsonl"), "utf8").catch(() => "");
      return lines
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
  return own;
}

const ASK_EVERY_MS = 25;

/** Asks again until it holds; the test's own time-out is the end of it. */
export async function eventually<T>(
  ask: () => Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    await sleep(ASK_EVERY_MS);
  }
}
