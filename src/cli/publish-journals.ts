import type { BenchmarkRecord } from "../evidence/record.ts";
import { readJournal } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { openDatabase } from "../results/database.ts";

/**
 * Brings the database in line with the journals, which are the truth: a program that was killed between a pass and
 * its publication, or another writer that went over the file, is made good. What the user removed stays away.
 * @param only the runs to look at; all of the state folder when left out.
 * @throws SweepError when the database cannot be written.
 */
export async function publishJournals(stateDir: string, only?: readonly string[]): Promise<void> {
  const byDatabase = new Map<string, BenchmarkRecord[]>();
  for (const run of only ?? listRuns(stateDir)) {
    let database: string | undefined;
    for (const event of readJournal(runFolder(stateDir, run)).events) {
      if (event.type === "run.opened") database = event.database;
      if (event.type !== "pass.finished" || database === undefined) continue;
      byDatabase.set(database, [...(byDatabase.get(database) ?? []), event.record]);
    }
  }
  for (const [file, records] of byDatabase) await openDatabase(file).publish(records);
}
