import type { BenchmarkRecord } from "../evidence/record.ts";
import { readImportedRecords } from "../results/store/imported-records.ts";
import { recordsFor } from "./journal-records.ts";
import type { DatabaseLocation } from "./locations.ts";

/** The truth of which a database is a projection. */
export interface KnownRecords {
  /** Our own, from the journals, and from copies where no journal was written. */
  readonly ours: readonly BenchmarkRecord[];
  /** Other people's, from copies. */
  readonly imported: readonly BenchmarkRecord[];
}

/** What is known of a database, whatever has become of the file. @throws SweepError exit 2 */
export async function knownRecords({ file, stateDir }: DatabaseLocation): Promise<KnownRecords> {
  const copies = await readImportedRecords(file);
  const isOurs = ({ summary }: BenchmarkRecord): boolean => summary.origin === undefined;
  return {
    ours: [...(await recordsFor(stateDir, file)), ...copies.filter(isOurs)],
    imported: copies.filter((copy) => !isOurs(copy)),
  };
}
