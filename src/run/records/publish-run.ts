import { dirname } from "node:path";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { isJournalPacked } from "../../journal/journal-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { openDatabase, type Written } from "../../results/store/database.ts";
import { readPublication } from "../../results/store/publication-log.ts";
import { findOverwritten, recordsOfRun, type RunRecords } from "./journal-records.ts";
import { simulatedStateDir, type DatabaseLocation } from "../locations.ts";

/**
 * The one way of a run's results into the database: adds the records of its sound passes that are missing there. May be
 * repeated at any time, by whichever process. What the user has removed stays away.
 * @param folder the run's. @throws SweepError when the database cannot be written
 */
export async function publishRun(folder: string): Promise<void> {
  const found = recordsOfRun(folder);
  if (found !== undefined) await publishRecords(locationOf(folder, found), found.records);
}

/**
 * Publishes what runs of a state folder have recorded and never published, as after a death between a pass and its
 * publication. Only journals that are not packed are read: what is packed is published.
 * @throws SweepError when a database cannot be written
 */
export async function publishPending(stateDir: string): Promise<void> {
  const pending = new Map<string, { location: DatabaseLocation; records: BenchmarkRecord[] }>();
  for (const run of listRuns(stateDir)) {
    const folder = runFolder(stateDir, run);
    const found = isJournalPacked(folder) ? undefined : recordsOfRun(folder);
    if (found === undefined) continue;
    const { published, removed, deleted } = await readPublication(found.database);
    const records = found.records.filter(
      ({ id }) => ![published, removed, deleted].some((ids) => ids.has(id)),
    );
    if (records.length === 0) continue;
    const others = pending.get(found.database)?.records ?? [];
    const location = locationOf(folder, found);
    pending.set(found.database, { location, records: [...others, ...records] });
  }
  for (const { location, records } of pending.values()) await publishRecords(location, records);
}

/**
 * Adds records to a database, and with them those that another program has overwritten there since.
 * @throws SweepError when the database cannot be written
 */
export async function publishRecords(
  location: DatabaseLocation,
  records: readonly BenchmarkRecord[],
): Promise<Written> {
  return openDatabase(location.file).publish(records, (ids) => findOverwritten(location, ids));
}

/** The journals of real and simulated runs alike may have records of one database. */
function locationOf(folder: string, { database: file }: RunRecords): DatabaseLocation {
  const home = dirname(dirname(folder));
  const isSimulated = home === simulatedStateDir(dirname(home));
  return { file, stateDir: isSimulated ? dirname(home) : home };
}
