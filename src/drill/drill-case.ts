import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventType, SweepEvent } from "../journal/events.ts";
import { readJournal } from "../journal/journal-file.ts";
import { isAlive, thisProcess } from "../lock/process-identity.ts";
import { runStatus } from "../run-state/status.ts";
import { GUARD_LOG, listRuns, runFolder } from "../journal/state-folder.ts";
import { sleepReal } from "../support/clock.ts";
import type { DrillWorld } from "./drill-world.ts";
import { faultScripts, type DrillFault, type RequestKind } from "./faults.ts";
import { judgeDrill, type Judgement } from "./judge-drill.ts";
import { startProgram, type ProgramRun } from "./start-program.ts";

/** One kill of the program: at which event, with or without its guard, and how the API fails meanwhile. */
export interface DrillCase {
  readonly point: EventType;
  readonly when: "before" | "after";
  readonly guard: "alive" | "killed";
  readonly fault: DrillFault;
}

/** The circumstances in which a run reaches the case's event. */
export interface DrillScenario {
  readonly plan: string;
  readonly args?: readonly string[];
  /** Faults of VMs, stock and API in addition to the case's own, as `POST /simulator/faults` takes them. */
  readonly scripts?: readonly object[];
  /** Kinds of request that the case's own fault does not affect. */
  readonly exempt?: readonly RequestKind[];
  readonly env?: Readonly<Record<string, string>>;
  /** How often `recover` may be run; 0 leaves the VMs behind on purpose. */
  readonly recoveries?: number;
  /** Runs in parallel with the program. */
  readonly duringRun?: (run: RunningDrill) => Promise<void>;
  /** If set, a first program is killed at `firstCrash`, and the case then applies to a second one with these `args`. */
  readonly secondProgram?: {
    readonly firstCrash: string;
    readonly args: (run: string) => readonly string[];
    /** Whether the simulated cloud ends between the two. */
    readonly endWorld?: boolean;
  };
}

export interface RunningDrill {
  readonly pid: number;
  /** Waits for an event of this type in the journal. */
  readonly until: (type: EventType) => Promise<SweepEvent>;
}

export interface DrillResult extends Judgement {
  readonly drill: DrillCase;
  /** Whether the program was killed at the event; the promises are checked in either case. */
  readonly reached: boolean;
  /** The process that took the run over; `nobody` if nothing was left to do. */
  readonly endedBy: "guard" | "recover" | "nobody";
  /** Real seconds from the kill until the run was closed. */
  readonly seconds: number;
}

export const DRILL_PLAN = `version: 1
name: drill
budget: { max_cost: 5.20, max_hours_per_rental: 4 }
concurrency: 2
passes: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;
const GUARD_TIMEOUT_REAL_MS = 120_000;
const POLL_INTERVAL_MS = 50;
const MAX_RECOVERIES = 3;
/** Virtual minutes: at the drill's speed the default of ten would last one real second. */
const DESTROY_PATIENCE_MINUTES = "600";

/**
 * Runs the program against a simulated cloud, kills it at the case's event, lets its guard or `recover` finish the run,
 * and checks the promises. Cases that share a world must run one after another, since faults affect every client.
 */
export async function runDrillCase(
  drill: DrillCase,
  scenario: DrillScenario,
  world: DrillWorld,
  signal: AbortSignal,
): Promise<DrillResult> {
  const folder = await mkdtemp(join(tmpdir(), "maider-sweep-drill-"));
  const home = join(folder, "state", "simulated");
  // Simulated results go into this file, next to the real database, which must not be created.
  const database = join(folder, "benchmark-database.simulated.json");
  const start = (args: readonly string[], crash = ""): ProgramRun =>
    startProgram(
      [...args, "--quiet", "--destroy-patience", DESTROY_PATIENCE_MINUTES],
      {
        ...scenario.env,
        MAIDER_SWEEP_STATE: join(folder, "state"),
        MAIDER_SWEEP_DB: join(folder, "benchmark-database.json"),
        MAIDER_SWEEP_CRASH: crash,
      },
      signal,
    );
  try {
    await writeFile(join(folder, "plan.yaml"), scenario.plan);
    await world.control.setFaults([
      ...(scenario.scripts ?? []),
      ...faultScripts(drill.fault, scenario.exempt),
    ]);
    const crash = `${drill.point}:${drill.when}${drill.guard === "killed" ? "+guard" : ""}`;
    let args = [
      "run",
      join(folder, "plan.yaml"),
      "--simulate",
      world.url,
      ...(scenario.args ?? []),
    ];
    const worldEnded = scenario.secondProgram?.endWorld === true;
    if (scenario.secondProgram !== undefined) {
      await start(args, scenario.secondProgram.firstCrash).ended;
      if (worldEnded) await world.close();
      args = [...scenario.secondProgram.args(listRuns(home)[0] ?? "")];
    }
    const program = start(args, crash);
    const events = (): readonly SweepEvent[] => readEvents(home);
    // `until` fails if the run ends first, which then shows in `reached`.
    await scenario
      .duringRun?.({ pid: program.pid, until: (type) => waitForEvent(type, events, program) })
      .catch(() => undefined);
    const reached = (await program.ended).killed;
    const killedAt = performance.now();
    // A guard that survived must finish the run without any help.
    const isWatched = drill.guard === "alive" && guardsOf(home).some(isRunning);
    if (isWatched) await waitForGuards(home, signal);
    const recoveries = isWatched ? 0 : (scenario.recoveries ?? MAX_RECOVERIES);
    // Run at least once: even if every VM is deleted, measured passes may not be in the database yet.
    for (let count = 0; count < recoveries && (count === 0 || !allClosed(home)); count += 1)
      await start(["recover"]).ended;
    const seconds = (performance.now() - killedAt) / 1_000;
    const last = events().findLast((event) => event.type === "run.adopted");
    return {
      drill,
      reached,
      endedBy: last?.by === "guard" || last?.by === "recover" ? last.by : "nobody",
      seconds,
      ...(await judgeDrill({ home, database }, worldEnded ? undefined : world)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function readEvents(home: string): readonly SweepEvent[] {
  return listRuns(home).flatMap((run) => readJournal(runFolder(home, run)).events);
}

async function waitForEvent(
  type: EventType,
  events: () => readonly SweepEvent[],
  program: ProgramRun,
): Promise<SweepEvent> {
  for (;;) {
    const found = events().find((event) => event.type === type);
    if (found !== undefined) return found;
    if (program.hasEnded()) throw new Error(`the run ended without ${type}`);
    await sleepReal(POLL_INTERVAL_MS);
  }
}

async function waitForGuards(home: string, signal: AbortSignal): Promise<void> {
  const end = performance.now() + GUARD_TIMEOUT_REAL_MS;
  while (performance.now() < end && guardsOf(home).some(isRunning))
    await sleepReal(POLL_INTERVAL_MS, signal);
}

function isRunning(pid: number): boolean {
  return isAlive(thisProcess(pid));
}

/** @returns process ids from the guards' logs, since a run may be killed before its journal names its guard */
function guardsOf(home: string): readonly number[] {
  return listRuns(home).flatMap((run) => {
    const log = join(runFolder(home, run), GUARD_LOG);
    const text = existsSync(log) ? readFileSync(log, "utf8") : "";
    return [...text.matchAll(/ as process (\d+)$/gm)].map(([, pid]) => Number(pid));
  });
}

/** Whether every run is closed, and all its VMs are confirmed deleted. */
function allClosed(home: string): boolean {
  return listRuns(home).every((run) => {
    const { state } = runStatus(runFolder(home, run), Date.now());
    return state !== "running" && state !== "stopping" && state !== "unresolved";
  });
}
