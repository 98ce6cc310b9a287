import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { accuracy } from "./accuracy.ts";
import { databaseQueries } from "./database-queries.ts";
import { clientLoad } from "./client-load.ts";

const PROGRAM = fileURLToPath(new URL("../bin/maider-sweep.js", import.meta.url));
const PLAN = fileURLToPath(new URL("plan.yaml", import.meta.url));
const RESULTS = fileURLToPath(new URL("../bench-results.json", import.meta.url));
const LANES = 4;
const STARTS = 15;

interface Vm {
  readonly label: string;
  readonly created: string;
  readonly deleted: string;
}
interface JournalLine {
  readonly type: string;
  readonly ts: string;
  readonly label?: string;
  /** Present in `pass.finished`. */
  readonly record?: { readonly summary: { readonly finished_utc: string } };
  /** Present in `guard.acknowledged`. */
  readonly pid?: number;
}
interface Served {
  readonly label: string;
  /** Seconds since the epoch. */
  readonly last_write: number;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function startMs(argv: readonly string[]): number {
  const begin = performance.now();
  spawnSync(process.execPath, argv, { stdio: "ignore" });
  return performance.now() - begin;
}

/** Alternates between both, so that other load on the machine affects both. */
function helpAgainstNode(): { readonly help_ms: number; readonly node_ms: number } {
  const pairs = Array.from({ length: STARTS }, () => [
    startMs([PROGRAM, "--help"]),
    startMs(["-e", "0"]),
  ]);
  return {
    help_ms: median(pairs.map(([help = 0]) => help)),
    node_ms: median(pairs.map(([, node = 0]) => node)),
  };
}

/** Peak resident memory of a running process in MB; 0 if the system does not report it. */
function peakMb(pid: number): number {
  const file = `/proc/${String(pid)}/status`;
  if (!existsSync(file)) return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(file, "utf8"))?.[1] ?? 0) / 1024;
}

/** Events of the only run in the state folder; empty while there is none. */
function journalOf(folder: string): readonly JournalLine[] {
  const runs = join(folder, "state", "simulated", "runs");
  const run = existsSync(runs) ? readdirSync(runs)[0] : undefined;
  const file = join(runs, run ?? "", "journal.jsonl");
  if (run === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((text) => JSON.parse(text) as JournalLine);
}

/** Duration of the longest lane if every VM takes the first free lane, by the simulated cloud's times. */
function criticalPathMs(vms: readonly Vm[]): number {
  const lanes = Array.from({ length: LANES }, () => 0);
  for (const vm of vms.toSorted((a, b) => a.created.localeCompare(b.created))) {
    const lane = lanes.indexOf(Math.min(...lanes));
    lanes[lane] = (lanes[lane] ?? 0) + Date.parse(vm.deleted) - Date.parse(vm.created);
  }
  return Math.max(...lanes);
}

async function sweep() {
  const folder = mkdtempSync(join(tmpdir(), "mds-bench-"));
  const env = {
    ...process.env,
    MAIDER_SWEEP_STATE: join(folder, "state"),
    MAIDER_SWEEP_DB: join(folder, "benchmark-database.json"),
  };
  const simulator = spawn(process.execPath, [PROGRAM, "simulator", "--port", "0"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(createInterface({ input: simulator.stdout }), "line")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const ask = async <T>(door: string): Promise<T> =>
      (await (await fetch(`${url}/simulator/${door}`)).json()) as T;

    const client = spawn(process.execPath, [PROGRAM, "run", PLAN, "--simulate", url, "--quiet"], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const peak = { sweep: 0, simulator: 0, guard: 0 };
    const watching = setInterval(() => {
      peak.sweep = Math.max(peak.sweep, peakMb(client.pid ?? 0));
      peak.simulator = Math.max(peak.simulator, peakMb(simulator.pid ?? 0));
      const guard = journalOf(folder).find(({ type }) => type === "guard.acknowledged")?.pid;
      peak.guard = Math.max(peak.guard, peakMb(guard ?? 0));
    }, 250);
    const [code] = (await once(client, "close")) as [number | null];
    clearInterval(watching);
    if (code !== 0) throw new Error(`the sweep ended with exit ${String(code)}`);

    const { speed } = await ask<{ speed: number }>("clock");
    const { vms } = await ask<{ vms: Vm[] }>("state");
    const { requests } = await ask<{ requests: Served[] }>("served");
    const journal = journalOf(folder);
    // The last reading of /metrics ends a pass.
    const lastReading = (vm: string): number =>
      Date.parse(
        journal.findLast(({ type, label }) => type === "pass.finished" && label === vm)?.record
          ?.summary.finished_utc ?? "",
      );
    const lastToken = (vm: string): number =>
      1_000 * Math.max(...requests.filter((one) => one.label === vm).map((one) => one.last_write));
    const first = Math.min(...vms.map(({ created }) => Date.parse(created)));
    const last = Math.max(...vms.map(({ deleted }) => Date.parse(deleted)));
    const toDelete = (from: (vm: string) => number) => {
      const taken = vms.map(({ label, deleted }) => (Date.parse(deleted) - from(label)) / speed);
      return { median: median(taken), longest: Math.max(...taken) };
    };
    return {
      speed,
      rentals: vms.length,
      wall_s: (last - first) / speed / 1000,
      critical_path_s: criticalPathMs(vms) / speed / 1000,
      last_reading_to_delete_ms: toDelete(lastReading),
      last_token_to_delete_ms: toDelete(lastToken),
      peak_mb: peak,
    };
  } finally {
    if (simulator.exitCode === null) {
      simulator.kill("SIGTERM");
      await once(simulator, "close");
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the named parts, or all. */
const PARTS = {
  sweep: async () => {
    const { wall_s, critical_path_s, ...rest } = await sweep();
    return { wall_to_critical_path: wall_s / critical_path_s, wall_s, critical_path_s, ...rest };
  },
  start: () => {
    const start = helpAgainstNode();
    return { help_to_node: start.help_ms / start.node_ms, ...start };
  },
  accuracy,
  client: clientLoad,
  database: databaseQueries,
};
const wanted = process.argv.slice(2);
const results: Record<string, unknown> = {};
for (const [name, part] of Object.entries(PARTS))
  if (wanted.length === 0 || wanted.includes(name)) results[name] = await part();
writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
