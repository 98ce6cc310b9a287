import type { BenchmarkRecord } from "../../evidence/record.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { openDatabase } from "../../results/store/database.ts";
import { readImportedRecords } from "../../results/store/imported-records.ts";
import { restorable } from "../../results/store/restorable.ts";
import { resolveLinks } from "../../support/safe-file.ts";
import { simulatedStateDir, type DatabaseLocation } from "../locations.ts";

/** The sources from which a database can be rebuilt. */
export interface KnownRecords {
  /** Our own records, from journals, or from copies for records without a journal. */
  readonly ours: readonly BenchmarkRecord[];
  /** Imported records of other people, from copies. */
  readonly imported: readonly BenchmarkRecord[];
}

/** The records of a run's sound passes, and the database for them. */
export interface RunRecords {
  readonly database: string;
  readonly records: readonly BenchmarkRecord[];
}

/** Undefined if the run has no sound pass. */
export function recordsOfRun(folder: string): RunRecords | undefined {
  let database: string | undefined;
  const records: BenchmarkRecord[] = [];
  for (const event of readJournal(folder).events) {
    if (event.type === "run.opened") database = event.database;
    else if (event.type === "pass.finished") records.push(event.record);
  }
  return database === undefined || records.length === 0 ? undefined : { database, records };
}

/**
 * All records that belong in a database, whether or not the file has them. Reads every journal of the state folder.
 * @throws SweepError exit 2 if the copies cannot be read
 */
export async function knownRecords(location: DatabaseLocation): Promise<KnownRecords> {
  const copies = await readImportedRecords(location.file);
  const isOurs = ({ summary }: BenchmarkRecord): boolean => summary.origin === undefined;
  return {
    ours: [...(await journalRecords(location)), ...copies.filter(isOurs)],
    imported: copies.filter((copy) => !isOurs(copy)),
  };
}

/**
 * Finds records that another program has overwritten, in journals, copies and the newest backup. Reads every journal of
 * the state folder.
 */
export async function findOverwritten(
  location: DatabaseLocation,
  ids: readonly string[],
): Promise<readonly BenchmarkRecord[]> {
  const { ours, imported } = await knownRecords(location);
  const found = await restorable(openDatabase(location.file), [...ours, ...imported], false);
  return ids.flatMap((id) => found.get(id) ?? []);
}

async function journalRecords({ file, stateDir }: DatabaseLocation): Promise<BenchmarkRecord[]> {
  const wanted = await resolveLinks(file);
  const found: BenchmarkRecord[] = [];
  for (const home of [stateDir, simulatedStateDir(stateDir)]) {
    for (const run of listRuns(home)) {
      const own = recordsOfRun(runFolder(home, run));
      if (own !== undefined && (await resolveLinks(own.database)) === wanted)
        found.push(...own.records);
    }
  }
  return found;
}
