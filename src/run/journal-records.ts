import type { BenchmarkRecord } from "../evidence/record.ts";
import { readJournal } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { whereLinksLead } from "../support/safe-file.ts";
import { simulatedStateDir } from "./locations.ts";

/**
 * The records of sound passes by the database that they belong to, as the journals of a state folder have them.
 * @param only the runs to look at; all of the state folder when left out.
 */
export function journalRecords(
  stateDir: string,
  only?: readonly string[],
): Map<string, BenchmarkRecord[]> {
  const byDatabase = new Map<string, BenchmarkRecord[]>();
  for (const run of only ?? listRuns(stateDir)) {
    let database: string | undefined;
    for (const event of readJournal(runFolder(stateDir, run)).events) {
      if (event.type === "run.opened") database = event.database;
      if (event.type !== "pass.finished" || database === undefined) continue;
      const records = byDatabase.get(database) ?? [];
      records.push(event.record);
      byDatabase.set(database, records);
    }
  }
  return byDatabase;
}

/** Our own records that belong to one database, from real and from simulated runs. */
export async function recordsFor(state: string, database: string): Promise<BenchmarkRecord[]> {
  const wanted = await whereLinksLead(database);
  const found: BenchmarkRecord[] = [];
  for (const folder of [state, simulatedStateDir(state)]) {
    for (const [file, records] of journalRecords(folder))
      if ((await whereLinksLead(file)) === wanted) found.push(...records);
  }
  return found;
}
