import { dirname } from "node:path";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { isJournalPacked } from "../../journal/journal-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { openDatabase, type Written } from "../../results/store/database.ts";
import { readPublication } from "../../results/store/publication-log.ts";
import { findOverwritten, recordsOfRun, type RunRecords } from "./journal-records.ts";
import { simulatedStateDir, type DatabaseLocation } from "../locations.ts";

/**
 * Adds the records of a run's sound passes to the database, except those that are already there or that the user has
 * removed. Every process that publishes a run uses this function; it is safe to repeat.
 * @param folder the run's folder
 * @throws SweepError if the database cannot be written
 */
export async function publishRun(folder: string): Promise<void> {
  const own = recordsOfRun(folder);
  if (own !== undefined) await publishRecords(locationOf(folder, own), own.records);
}

/**
 * Publishes records of earlier runs that are not published yet, for example because the program was killed just after a
 * pass. Packed journals are skipped, because a journal is packed only after its records are published.
 * @throws SweepError if a database cannot be written
 */
export async function publishPending(stateDir: string): Promise<void> {
  const pending = new Map<string, { location: DatabaseLocation; records: BenchmarkRecord[] }>();
  for (const run of listRuns(stateDir)) {
    const folder = runFolder(stateDir, run);
    const own = isJournalPacked(folder) ? undefined : recordsOfRun(folder);
    if (own === undefined) continue;
    const { published, removed, deleted } = await readPublication(own.database);
    const records = own.records.filter(
      ({ id }) => ![published, removed, deleted].some((ids) => ids.has(id)),
    );
    if (records.length === 0) continue;
    const others = pending.get(own.database)?.records ?? [];
    const location = locationOf(folder, own);
    pending.set(own.database, { location, records: [...others, ...records] });
  }
  for (const { location, records } of pending.values()) await publishRecords(location, records);
}

/**
 * Adds records to a database, and restores records that another program has overwritten.
 * @throws SweepError if the database cannot be written
 */
export async function publishRecords(
  location: DatabaseLocation,
  records: readonly BenchmarkRecord[],
): Promise<Written> {
  return openDatabase(location.file).publish(records, (ids) => findOverwritten(location, ids));
}

/** The state folder of real runs is the location for simulated runs too, since both may share a database. */
function locationOf(folder: string, { database: file }: RunRecords): DatabaseLocation {
  const home = dirname(dirname(folder));
  const isSimulated = home === simulatedStateDir(dirname(home));
  return { file, stateDir: isSimulated ? dirname(home) : home };
}
