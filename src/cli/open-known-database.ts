import { openDatabase, type BenchmarkDatabase } from "../results/store/database.ts";
import type { DatabaseLocation } from "../run/locations.ts";
import { knownRecords, type KnownRecords } from "../run/records/journal-records.ts";
import { databaseOf, type SharedCall } from "./requests.ts";

/** The database that a verb speaks of, and what the journals know of it. */
export interface KnownDatabase {
  readonly database: BenchmarkDatabase;
  readonly location: DatabaseLocation;
  readonly simulated: boolean;
  readonly known: KnownRecords;
}

export async function openKnownDatabase(call: SharedCall): Promise<KnownDatabase> {
  const location = databaseOf(call);
  return {
    database: openDatabase(location.file),
    location,
    simulated: call.options.simulate !== undefined,
    known: await knownRecords(location),
  };
}
