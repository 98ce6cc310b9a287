import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { EventType } from "../../journal/events.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { runStatus } from "../../journal/status.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { sleepReal } from "../../support/clock.ts";
import { startSimulatedWorld } from "../simulated-world.ts";
import type { SimulatedWorld } from "../simulated-world.ts";
import { DRILL_FAULTS } from "./faults.ts";
import type { DrillFault } from "./faults.ts";

/** One death of the program: at which fact, with or without its guard, while the API fails in which way. */
export interface DrillCase {
  readonly point: EventType;
  readonly when: "before" | "after";
  readonly guard: "alive" | "killed";
  readonly fault: DrillFault;
}

export interface DrillResult {
  readonly drill: DrillCase;
  /** False when the run ended without coming to that point; what must hold holds all the same. */
  readonly reached: boolean;
  readonly leaked: number;
  readonly invoiceUsd: number;
  readonly ledgerUsd: number;
  readonly capUsd: number;
  /** What does not hold, in words; empty when all does. */
  readonly broken: readonly string[];
}

const PROGRAM = fileURLToPath(new URL("../../../bin/maider-sweep.js", import.meta.url));
const SPEED = 240;
const PATIENCE_REAL_MS = 60_000;
const LOOK_EVERY_MS = 100;
const PLAN = `version: 1
name: drill
budget: { max_cost: 3.00, max_hours_per_rental: 2 }
concurrency: 1
passes: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

/**
 * Runs the program against a simulated cloud of its own, kills it at the point, lets the guard or `recover` do the
 * rest, and holds the end against what is promised: nothing left, invoice <= ledger <= cap, other VMs untouched, every
 * pass that the journal has acknowledged in the database exactly once.
 */
export async function runDrillCase(drill: DrillCase, signal: AbortSignal): Promise<DrillResult> {
  const folder = await mkdtemp(join(tmpdir(), "maider-sweep-drill-"));
  const world = await startSimulatedWorld({ seed: 1, speed: SPEED, delays: 0.1, env: process.env });
  let foreign = 0;
  try {
    const plan = join(folder, "plan.yaml");
    await writeFile(plan, PLAN);
    foreign = await createForeignVm(world);
    await tell(world, "faults", DRILL_FAULTS[drill.fault]);
    const env = {
      MAIDER_SWEEP_STATE: join(folder, "state"),
      MAIDER_SWEEP_DB: join(folder, "database.json"),
      MAIDER_SWEEP_CRASH: `${drill.point}:${drill.when}${drill.guard === "killed" ? "+guard" : ""}`,
    };
    const died = await program(["run", plan, "--simulate", world.url, "--quiet"], env, signal);
    const reached = died.signal === "SIGKILL";
    if (reached && drill.guard === "killed") {
      await program(["recover", "--quiet"], { ...env, MAIDER_SWEEP_CRASH: "" }, signal);
    }
    await untilClosed(join(env.MAIDER_SWEEP_STATE, "simulated"), signal);
    return await judge(drill, reached, world, env, foreign);
  } finally {
    await deleteVm(world, foreign).catch(() => undefined);
    world.release();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function judge(
  drill: DrillCase,
  reached: boolean,
  world: SimulatedWorld,
  env: { readonly MAIDER_SWEEP_STATE: string; readonly MAIDER_SWEEP_DB: string },
  foreign: number,
): Promise<DrillResult> {
  const state = await look<WorldState>(world, "state");
  const { usd: invoiceUsd } = await ourInvoice(world);
  const home = join(env.MAIDER_SWEEP_STATE, "simulated");
  const runs = listRuns(home);
  const now = Date.parse(state.now);
  const ledger = runs.map((run) => runStatus(runFolder(home, run), now));
  const ledgerUsd = ledger.reduce((sum, { spent_usd }) => sum + spent_usd, 0);
  const capUsd = 3;
  const open = [
    ...state.vms.filter(({ id, deleted }) => id !== foreign && deleted === null),
    ...state.firewalls.filter(({ deleted }) => deleted === null),
  ];
  const acknowledged = runs.flatMap((run) =>
    readJournal(runFolder(home, run)).events.flatMap((event) =>
      event.type === "pass.finished" ? [event.record.id] : [],
    ),
  );
  const stored = await storedIds(env.MAIDER_SWEEP_DB);
  const broken = [
    ...open.map(({ label }) => `${label} is left`),
    ...(invoiceUsd > ledgerUsd + 1e-9
      ? [`invoice ${String(invoiceUsd)} > ledger ${String(ledgerUsd)}`]
      : []),
    ...(ledgerUsd > capUsd + 1e-9 ? [`ledger ${String(ledgerUsd)} > cap ${String(capUsd)}`] : []),
    ...(state.vms.some(({ id, deleted }) => id === foreign && deleted === null)
      ? []
      : ["a foreign VM was touched"]),
    ...acknowledged
      .filter((id) => stored.filter((other) => other === id).length !== 1)
      .map((id) => `pass ${id} is not in the database exactly once`),
  ];
  return { drill, reached, leaked: open.length, invoiceUsd, ledgerUsd, capUsd, broken };
}

interface WorldState {
  readonly now: string;
  readonly vms: readonly {
    readonly id: number;
    readonly label: string;
    readonly deleted: string | null;
  }[];
  readonly firewalls: readonly { readonly label: string; readonly deleted: string | null }[];
}

async function ourInvoice(world: SimulatedWorld): Promise<{ readonly usd: number }> {
  const { lines } = await look<{ lines: readonly { label: string; usd: number }[] }>(
    world,
    "invoice",
  );
  return {
    usd: lines.filter(({ label }) => label !== FOREIGN).reduce((sum, { usd }) => sum + usd, 0),
  };
}

const FOREIGN = "somebody-elses-server";

/** A VM that nobody of ours may touch. */
async function createForeignVm(world: SimulatedWorld): Promise<number> {
  const reply = await fetch(`${world.url}/v4/linode/instances`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      label: FOREIGN,
      type: "g2-gpu-rtx4000a1-s",
      region: "us-ord",
      image: "linode/ubuntu24.04",
      root_pass: "Correct-Horse-Battery-9-Staple",
      tags: ["maider-sweep"],
      interface_generation: "legacy_config",
    }),
  });
  const told = (await reply.json()) as { readonly id?: number };
  if (told.id === undefined)
    throw new Error(`the simulated cloud refused a VM: ${JSON.stringify(told)}`);
  return told.id;
}

/** The world ends only when nothing is left in it. */
async function deleteVm(world: SimulatedWorld, id: number): Promise<void> {
  await fetch(`${world.url}/simulator/faults`, { method: "DELETE" });
  const headers = { authorization: `Bearer ${world.token}` };
  await fetch(`${world.url}/v4/linode/instances/${String(id)}`, { method: "DELETE", headers });
}

async function program(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly signal?: string | undefined; readonly exitCode?: number | undefined }> {
  const { signal: by, exitCode } = await execa(process.execPath, [PROGRAM, ...args], {
    env,
    reject: false,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    cancelSignal: signal,
    timeout: PATIENCE_REAL_MS,
  });
  return { signal: by, exitCode };
}

async function untilClosed(home: string, signal: AbortSignal): Promise<void> {
  const end = performance.now() + PATIENCE_REAL_MS;
  while (performance.now() < end) {
    const states = listRuns(home).map((run) => runStatus(runFolder(home, run), Date.now()).state);
    if (
      states.every((state) => state !== "running" && state !== "stopping" && state !== "unresolved")
    )
      return;
    await sleepReal(LOOK_EVERY_MS, signal);
  }
}

async function storedIds(database: string): Promise<readonly string[]> {
  const file = join(database, "..", "benchmark-database.simulated.json");
  try {
    const { benchmarks } = JSON.parse(await readFile(file, "utf8")) as {
      benchmarks: readonly { id: string }[];
    };
    return benchmarks.map(({ id }) => id);
  } catch {
    return [];
  }
}

async function look<T>(world: SimulatedWorld, what: string): Promise<T> {
  return (await (await fetch(`${world.url}/simulator/${what}`)).json()) as T;
}

async function tell(world: SimulatedWorld, what: string, body: unknown): Promise<void> {
  await fetch(`${world.url}/simulator/${what}`, { method: "POST", body: JSON.stringify(body) });
}
