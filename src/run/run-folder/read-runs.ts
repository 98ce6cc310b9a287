import { readJournal } from "../../journal/journal-file.ts";
import type { SweepEvent } from "../../journal/events.ts";
import { listRuns, lockHome, runFolder } from "../../journal/state-folder.ts";
import { foldProgress, type RunProgress } from "../../run-state/fold-progress.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import type { RentalState, RunState } from "../../run-state/run-state.ts";
import { runStatus, type RunStatus } from "../../run-state/status.ts";
import { simulatedStateDir } from "../locations.ts";
import { runClock } from "./run-clock.ts";
import { runResult, type RunResult } from "./run-result.ts";

/** A run, with what its journal says of its results and VMs, and the time on its clock. */
export interface LocatedRun extends RunStatus, RunResult {
  readonly simulated: boolean;
  /** The plan's name, or the session's for a VM that was left up; null if its journal is lost. */
  readonly plan: string | null;
  /** Whether `up` began it. */
  readonly session: boolean;
  /** ISO 8601, UTC; null while it is not known. */
  readonly started: string | null;
  readonly ended: string | null;
  /** With everything that the journal says of each; `rentals` is the shorter form of `status --json`. */
  readonly allRentals: readonly RentalState[];
  readonly progress: RunProgress;
  readonly nowMs: number;
}

/** The real and the simulated runs of a state folder, each oldest first. */
export async function readRuns(stateDir: string): Promise<readonly LocatedRun[]> {
  const places = [
    { home: stateDir, simulated: false },
    { home: simulatedStateDir(stateDir), simulated: true },
  ];
  const runs = places.flatMap(({ home, simulated }) =>
    listRuns(home).map((run) =>
      readRun({
        folder: runFolder(home, run),
        simulated,
        // Only `up` begins a run under a lock of its own.
        session: lockHome(home, run) !== home,
      }),
    ),
  );
  return Promise.all(runs);
}

async function readRun({
  folder,
  ...facts
}: Pick<LocatedRun, "session" | "simulated"> & { readonly folder: string }): Promise<LocatedRun> {
  const nowMs = await runClock(folder);
  const { events } = readJournal(folder);
  const state = foldRun(events);
  return {
    ...runStatus(folder, nowMs),
    ...runResult(state),
    ...facts,
    plan: state.opened?.plan ?? null,
    started: state.opened?.ts ?? null,
    ended: state.closed?.ts ?? null,
    allRentals: [...state.rentals.values()],
    progress: foldProgress(events),
    nowMs,
  };
}

/** A run, with all its events. */
export interface RunWithEvents {
  readonly state: RunState;
  readonly events: readonly SweepEvent[];
  readonly nowMs: number;
}

/** The runs in one folder, either the real or the simulated ones, for the report. */
export async function readRunsWithEvents(folder: string): Promise<readonly RunWithEvents[]> {
  return Promise.all(
    listRuns(folder).map(async (run) => {
      const path = runFolder(folder, run);
      const { events } = readJournal(path);
      return { state: foldRun(events), events, nowMs: await runClock(path) };
    }),
  );
}
