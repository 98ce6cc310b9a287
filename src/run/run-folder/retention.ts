import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { foldRun, isUnsettled } from "../../run-state/fold-run.ts";
import { isJournalPacked, JOURNAL_FILE, readJournal } from "../../journal/journal-file.ts";
import { packFile } from "../../journal/packed-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { simulatedStateDir } from "../locations.ts";

const DAY_MS = 24 * 3_600_000;
/** Runs that ended longer ago are packed. */
export const PACKED_AFTER_DAYS = 1;
/** Runs that ended longer ago are deleted; their results stay in the database. */
export const RETENTION_DAYS = 400;

/**
 * Packs journals and logs of runs that have ended, and deletes those that are too old. What is not proved
 * gone, or whose journal cannot be read, stays as it is. Journals that are packed are not read, unless they are too old.
 * @param nowMs real time: the age is that of the files, also for simulated runs.
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

/** Bytes that the journals and logs of real and simulated runs take. */
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

/** The journal last: a run whose journal is packed is done with. */
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
