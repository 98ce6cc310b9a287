import { openDatabase } from "../results/store/database.ts";
import { journalRecords } from "./journal-records.ts";

/**
 * Brings the database in line with the journals, which are the truth: a program that was killed between a pass and
 * its publication, or another writer that went over the file, is made good. What the user removed stays away.
 * @param only the runs to look at; all of the state folder when left out.
 * @throws SweepError when the database cannot be written.
 */
export async function publishJournals(stateDir: string, only?: readonly string[]): Promise<void> {
  for (const [file, records] of journalRecords(stateDir, only))
    await openDatabase(file).publish(records);
}
