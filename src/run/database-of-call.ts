import type { BenchmarkRecord } from "../evidence/record.ts";
import { openDatabase, type BenchmarkDatabase } from "../results/store/database.ts";
import { readImportedRecords } from "../results/store/imported-records.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { CommandCall } from "../cli/command.ts";
import { recordsFor } from "./journal-records.ts";
import { databaseFile, stateDir } from "./paths.ts";

/** The database that a verb speaks of, and what the journals know of it. */
export interface OpenedDatabase {
  readonly database: BenchmarkDatabase;
  readonly simulated: boolean;
  readonly known: KnownRecords;
}

/** The truth of which the database is a projection. */
export interface KnownRecords {
  /** Our own, from the journals, and from copies where no journal was written. */
  readonly ours: readonly BenchmarkRecord[];
  /** Other people's, from copies. */
  readonly imported: readonly BenchmarkRecord[];
}

export async function databaseOfCall({ options, terminal }: CommandCall): Promise<OpenedDatabase> {
  const simulated = options["simulate"] !== undefined;
  const file = databaseFile(options, terminal.env, simulated);
  return {
    database: openDatabase(file),
    simulated,
    known: await knownRecords(stateDir(options, terminal.env), file),
  };
}

/** What is known of a database, whatever has become of the file. @throws SweepError exit 2 */
export async function knownRecords(state: string, file: string): Promise<KnownRecords> {
  const copies = await readImportedRecords(file);
  const isOurs = ({ summary }: BenchmarkRecord): boolean => summary.origin === undefined;
  return {
    ours: [...(await recordsFor(state, file)), ...copies.filter(isOurs)],
    imported: copies.filter((copy) => !isOurs(copy)),
  };
}

/** What another program had overwritten, and any write of ours puts back. */
export function restoredMessage(healed: number): string {
  return `${healed} more records that were written here and were missing have been put back\n`;
}

const SHORTEST_BEGINNING = 4;

/** The ids that are meant; users give the beginnings that tables show. @throws SweepError exit 2 */
export function resolveIdPrefixes(given: readonly string[], known: Iterable<string>): string[] {
  const ids = [...new Set(known)];
  return given.map((word) => {
    const meant = ids.includes(word)
      ? [word]
      : ids.filter((id) => word.length >= SHORTEST_BEGINNING && id.startsWith(word));
    const [id] = meant;
    if (id !== undefined && meant.length === 1) return id;
    throw new SweepError(`${word} names ${meant.length === 0 ? "no record" : "several records"}`, {
      exitCode: ExitCode.usage,
      reason:
        meant.length === 0
          ? `there are ${ids.length} records, and none begins so`
          : meant.slice(0, 5).join(", "),
      hint: `give the whole id, or its first ${Math.max(8, word.length + 4)} characters; db export -f csv lists them`,
    });
  });
}
