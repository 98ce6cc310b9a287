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
import { faultScripts, type DrillFault, type Struck } from "./faults.ts";
import { judgeDrill, type Judgement } from "./judge-drill.ts";
import { startProgram, type ProgramRun } from "./start-program.ts";

/** One death of the program: at which fact, with or without its guard, while the API fails in which way. */
export interface DrillCase {
  readonly point: EventType;
  readonly when: "before" | "after";
  readonly guard: "alive" | "killed";
  readonly fault: DrillFault;
}

/** What else happens, so that a run comes to the point at all. */
export interface DrillScenario {
  readonly plan: string;
  readonly args?: readonly string[];
  /** Scripts of machines, stock and API besides the case's own fault. */
  readonly scripts?: readonly object[];
  /** Requests that the case's own fault must let through. */
  readonly spared?: readonly Struck[];
  readonly env?: Readonly<Record<string, string>>;
  /** How often `recover` may be called; 0 plants a hole. */
  readonly recoveries?: number;
  /** Runs beside the program. */
  readonly befall?: (run: RunningDrill) => Promise<void>;
  /** A first program dies here, and what is drilled is the second one, on what it has left. */
  readonly second?: {
    readonly diesAt: string;
    readonly args: (run: string) => readonly string[];
    /** Between the two. */
    readonly loseWorld?: boolean;
  };
}

export interface RunningDrill {
  readonly pid: number;
  /** Waits for a fact of this type in the journal. */
  readonly until: (type: EventType) => Promise<SweepEvent>;
}

export interface DrillResult extends Judgement {
  readonly drill: DrillCase;
  /** Did the program die there? What must hold holds even if not. */
  readonly reached: boolean;
  /** Who brought the run to its end; nobody, when nothing had begun. */
  readonly endedBy: "guard" | "recover" | "nobody";
  /** Real, from the death to the end. */
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
const PATIENCE_REAL_MS = 120_000;
const LOOK_EVERY_MS = 50;
const RECOVERIES = 3;
/** As long as this machine needs: on a fast clock the usual ten minutes are a second. */
const PATIENCE_MINUTES = "600";

/**
 * Runs the program against a simulated cloud, kills it at the point, lets its guard or `recover` do the rest, and
 * judges the end. Cases that share a world come one after the other: faults strike whoever asks.
 */
export async function runDrillCase(
  drill: DrillCase,
  way: DrillScenario,
  world: DrillWorld,
  signal: AbortSignal,
): Promise<DrillResult> {
  const folder = await mkdtemp(join(tmpdir(), "maider-sweep-drill-"));
  const home = join(folder, "state", "simulated");
  // Beside the real one, which must not appear.
  const database = join(folder, "benchmark-database.simulated.json");
  const start = (args: readonly string[], crash = ""): ProgramRun =>
    startProgram(
      [...args, "--quiet", "--destroy-patience", PATIENCE_MINUTES],
      {
        ...way.env,
        MAIDER_SWEEP_STATE: join(folder, "state"),
        MAIDER_SWEEP_DB: join(folder, "benchmark-database.json"),
        MAIDER_SWEEP_CRASH: crash,
      },
      signal,
    );
  try {
    await writeFile(join(folder, "plan.yaml"), way.plan);
    await world.control.setFaults([
      ...(way.scripts ?? []),
      ...faultScripts(drill.fault, way.spared),
    ]);
    const crash = `${drill.point}:${drill.when}${drill.guard === "killed" ? "+guard" : ""}`;
    let args = ["run", join(folder, "plan.yaml"), "--simulate", world.url, ...(way.args ?? [])];
    if (way.second !== undefined) {
      await start(args, way.second.diesAt).ended;
      if (way.second.loseWorld === true) await world.close();
      args = [...way.second.args(listRuns(home)[0] ?? "")];
    }
    const program = start(args, crash);
    const events = (): readonly SweepEvent[] => eventsIn(home);
    // A run that ends before it shows in what was reached.
    await way
      .befall?.({ pid: program.pid, until: (type) => untilFact(type, events, program) })
      .catch(() => undefined);
    const reached = (await program.ended).killed;
    const died = performance.now();
    // A guard that watched does it all; nothing else may help it.
    const isWatched = drill.guard === "alive" && guardsOf(home).some(isRunning);
    if (isWatched) await untilGuardsEnd(home, signal);
    const recoveries = isWatched ? 0 : (way.recoveries ?? RECOVERIES);
    // Once in any case: where all is gone already, what was measured may still have to be published.
    for (let turn = 0; turn < recoveries && (turn === 0 || !isOver(home)); turn += 1)
      await start(["recover"]).ended;
    const seconds = (performance.now() - died) / 1_000;
    const last = events().findLast((event) => event.type === "run.adopted");
    return {
      drill,
      reached,
      endedBy: last?.by === "guard" || last?.by === "recover" ? last.by : "nobody",
      seconds,
      ...(await judgeDrill({ home, database }, way.second?.loseWorld === true ? undefined : world)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function eventsIn(home: string): readonly SweepEvent[] {
  return listRuns(home).flatMap((run) => readJournal(runFolder(home, run)).events);
}

async function untilFact(
  type: EventType,
  events: () => readonly SweepEvent[],
  program: ProgramRun,
): Promise<SweepEvent> {
  for (;;) {
    const found = events().find((event) => event.type === type);
    if (found !== undefined) return found;
    if (program.hasEnded()) throw new Error(`the run has ended without ${type}`);
    await sleepReal(LOOK_EVERY_MS);
  }
}

/** A guard that lived when its parent died takes the run to its end, publishes, and goes. */
async function untilGuardsEnd(home: string, signal: AbortSignal): Promise<void> {
  const end = performance.now() + PATIENCE_REAL_MS;
  while (performance.now() < end && guardsOf(home).some(isRunning))
    await sleepReal(LOOK_EVERY_MS, signal);
}

function isRunning(pid: number): boolean {
  return isAlive(thisProcess(pid));
}

/** By their own logs: the journal may have died before it named one. */
function guardsOf(home: string): readonly number[] {
  return listRuns(home).flatMap((run) => {
    const log = join(runFolder(home, run), GUARD_LOG);
    const text = existsSync(log) ? readFileSync(log, "utf8") : "";
    return [...text.matchAll(/ as process (\d+)$/gm)].map(([, pid]) => Number(pid));
  });
}

/** Is every run closed, and everything of it confirmed deleted? */
function isOver(home: string): boolean {
  return listRuns(home).every((run) => {
    const { state } = runStatus(runFolder(home, run), Date.now());
    return state !== "running" && state !== "stopping" && state !== "unresolved";
  });
}
