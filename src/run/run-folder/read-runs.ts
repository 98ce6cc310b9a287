import { readJournal } from "../../journal/journal-file.ts";
import type { SweepEvent } from "../../journal/events.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { foldProgress, type RunProgress } from "../../run-state/fold-progress.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import type { RentalState, RunState } from "../../run-state/run-state.ts";
import { runStatus, type RunStatus } from "../../run-state/status.ts";
import { simulatedStateDir } from "../locations.ts";
import { runClock } from "./run-clock.ts";

/** A run, with what its journal says of its rentals and the time on its clock. */
export interface LocatedRun extends RunStatus {
  readonly simulated: boolean;
  readonly journal: readonly RentalState[];
  readonly progress: RunProgress;
  readonly nowMs: number;
}

/** The real and the simulated runs of a state folder. */
export async function readRuns(stateDir: string): Promise<readonly LocatedRun[]> {
  const places = [
    { folder: stateDir, simulated: false },
    { folder: simulatedStateDir(stateDir), simulated: true },
  ];
  const runs = places.flatMap(({ folder, simulated }) =>
    listRuns(folder).map(async (run) => {
      const path = runFolder(folder, run);
      const nowMs = await runClock(path);
      const { events } = readJournal(path);
      const journal = [...foldRun(events).rentals.values()];
      return {
        ...runStatus(path, nowMs),
        simulated,
        journal,
        progress: foldProgress(events),
        nowMs,
      };
    }),
  );
  return Promise.all(runs);
}

/** A run, with all its events. */
export interface ReadRun {
  readonly state: RunState;
  readonly events: readonly SweepEvent[];
  readonly nowMs: number;
}

/** The runs in one folder, either the real or the simulated ones, for the report. */
export async function readWholeRuns(folder: string): Promise<readonly ReadRun[]> {
  return Promise.all(
    listRuns(folder).map(async (run) => {
      const path = runFolder(folder, run);
      const { events } = readJournal(path);
      return { state: foldRun(events), events, nowMs: await runClock(path) };
    }),
  );
}
