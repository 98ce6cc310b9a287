import { spawn, type ChildProcessByStdio, type SpawnOptionsWithoutStdio } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));

/** Of a command line; an object is variables for its environment. */
export type Word = string | Readonly<Record<string, string>>;

/** A simulated cloud started by hand, with a state folder and a database of its own. */
export interface SweepRun extends AsyncDisposable {
  readonly url: string;
  readonly stateDir: string;
  readonly token: string;
  /** What the program gets as environment: a home, a state folder and a database of its own. */
  readonly env: Readonly<
    Record<"PATH" | "HOME" | "MAIDER_SWEEP_STATE" | "MAIDER_SWEEP_DB", string>
  >;
  /** Starts the program; for tests that do something to it while it runs. */
  start(...argv: readonly Word[]): ChildProcessByStdio<null, Readable, Readable>;
  run(...argv: readonly Word[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** As `run`, with the home folder as working directory: for what leaves files there. */
  runAtHome(
    ...argv: readonly string[]
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  ask<T>(door: string): Promise<T>;
  /** Puts fault scripts into the world. @throws when it does not take them. */
  faults(scripts: readonly object[]): Promise<void>;
  /** Writes a plan and gives its path. */
  plan(text: string): string;
  /** Of the simulated database; none when there is no such file. */
  records(): readonly BenchmarkRecord[];
  /** Writes the simulated database anew. */
  keep(benchmarks: readonly object[]): void;
  readonly database: string;
}

export async function sweepRun(seed: number, ...flags: readonly string[]): Promise<SweepRun> {
  const folder = mkdtempSync(join(tmpdir(), "mds-run-"));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    MAIDER_SWEEP_STATE: join(folder, "state"),
    MAIDER_SWEEP_DB: join(folder, "benchmark-database.json"),
  };
  const database = join(folder, "benchmark-database.simulated.json");
  const simulator = spawn(
    process.execPath,
    [PROGRAM, "simulator", "--port", "0", "--seed", String(seed), ...flags],
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines = createInterface({ input: simulator.stdout });
  const [line] = (await Promise.race([
    once(lines, "line"),
    once(simulator, "close").then(() => {
      throw new Error("the simulated cloud did not start");
    }),
  ])) as [string];
  const { url, token } = JSON.parse(line) as { url: string; token: string };
  const start: SweepRun["start"] = (...argv) => {
    const words = argv.filter((one) => typeof one === "string");
    const more = argv.find((one) => typeof one === "object");
    const all = { ...env, ...more };
    return spawn(process.execPath, [PROGRAM, ...words], {
      env: all,
      stdio: ["ignore", "pipe", "pipe"],
    });
  };
  return {
    url,
    stateDir: env.MAIDER_SWEEP_STATE,
    token,
    env,
    start,
    run: async (...argv) => {
      const words = argv.filter((one) => typeof one === "string");
      const more = argv.find((one) => typeof one === "object");
      return speak(words, { env: { ...env, ...more } });
    },
    runAtHome: (...argv) => speak(argv, { env, cwd: folder }),
    ask: async <T>(door: string) => (await (await fetch(`${url}/simulator/${door}`)).json()) as T,
    faults: async (scripts) => {
      const body = JSON.stringify(scripts);
      const reply = await fetch(`${url}/simulator/faults`, { method: "POST", body });
      if (!reply.ok) throw new Error(`these faults are refused: ${await reply.text()}`);
    },
    plan: (text) => {
      const file = join(folder, "plan.yaml");
      writeFileSync(file, text);
      return file;
    },
    records: () => {
      if (!existsSync(database)) return [];
      return (JSON.parse(readFileSync(database, "utf8")) as { benchmarks: BenchmarkRecord[] })
        .benchmarks;
    },
    keep: (benchmarks) => {
      writeFileSync(database, JSON.stringify({ version: "1.0", benchmarks }));
    },
    database,
    async [Symbol.asyncDispose]() {
      if (simulator.exitCode === null) {
        simulator.kill("SIGTERM");
        await once(simulator, "close");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function speak(
  argv: readonly string[],
  options: SpawnOptionsWithoutStdio,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...argv], options);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
