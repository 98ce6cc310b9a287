import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { foldRun, isUnsettled } from "../../run-state/fold-run.ts";
import { isJournalPacked, JOURNAL_FILE, readJournal } from "../../journal/journal-file.ts";
import { packFile } from "../../journal/packed-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { simulatedStateDir } from "../locations.ts";

const DAY_MS = 24 * 3_600_000;
/** Age at which an ended run is packed. */
export const PACKED_AFTER_DAYS = 1;
/** Age at which an ended run is deleted; its results remain in the database. */
export const RETENTION_DAYS = 400;

/**
 * Packs the journals and logs of ended runs, and deletes old runs. Runs with open VMs or unreadable journals are not
 * changed. Packed journals are read only before a run is deleted.
 * @param nowMs in real time, even for simulated runs, because the age is that of the files
 */
export async function applyRetention(stateDir: string, nowMs: number): Promise<void> {
  for (const run of listRuns(stateDir)) {
    const folder = runFolder(stateDir, run);
    const days = (nowMs - newestMs(folder)) / DAY_MS;
    if (days < PACKED_AFTER_DAYS || (isJournalPacked(folder) && days < RETENTION_DAYS)) continue;
    if (!hasEnded(folder)) continue;
    if (days >= RETENTION_DAYS) await rm(folder, { recursive: true, force: true });
    else for (const name of plainFiles(folder)) await packFile(join(folder, name));
  }
}

/** The size of all runs of a state folder in bytes, real and simulated. */
export function diskUsage(stateDir: string): number {
  return bytesOfRuns(stateDir) + bytesOfRuns(simulatedStateDir(stateDir));
}

function bytesOfRuns(folder: string): number {
  return listRuns(folder)
    .flatMap((run) => {
      const path = runFolder(folder, run);
      return readdirSync(path).map((name) => sizeOf(join(path, name)));
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

function hasEnded(folder: string): boolean {
  const { events, damaged } = readJournal(folder);
  const state = foldRun(events);
  return state.closed !== undefined && !damaged && !isUnsettled(state);
}

/** The journal comes last, because a packed journal means that the whole run is packed. */
function plainFiles(folder: string): readonly string[] {
  const names = readdirSync(folder);
  return [
    ...names.filter((name) => name.endsWith(".log")),
    ...names.filter((name) => name === JOURNAL_FILE),
  ];
}

function newestMs(folder: string): number {
  const names = [JOURNAL_FILE, `${JOURNAL_FILE}.gz`].map((name) => join(folder, name));
  const there = names.filter((name) => existsSync(name));
  return Math.max(0, ...there.map((name) => statSync(name).mtimeMs));
}

function sizeOf(path: string): number {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
  return size;
}
