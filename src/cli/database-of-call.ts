import type { BenchmarkRecord } from "../evidence/record.ts";
import { openDatabase, type BenchmarkDatabase } from "../results/database.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { CommandCall } from "./command.ts";
import { recordsFor } from "./journal-records.ts";
import { databaseFile, stateDir } from "./paths.ts";

/** The database that a verb speaks of, and what the journals know of it. */
export interface OpenedDatabase {
  readonly database: BenchmarkDatabase;
  readonly simulated: boolean;
  /** Our own records, from the journals: the truth of which the database is a projection. */
  readonly ours: readonly BenchmarkRecord[];
}

export async function databaseOfCall({ options, terminal }: CommandCall): Promise<OpenedDatabase> {
  const simulated = options["simulate"] !== undefined;
  const file = databaseFile(options, terminal.env, simulated);
  return {
    database: openDatabase(file),
    simulated,
    ours: await recordsFor(stateDir(options, terminal.env), file),
  };
}

const SHORTEST_BEGINNING = 4;

/** The ids that are meant; users give the beginnings that tables show. @throws SweepError exit 2 */
export function meantIds(given: readonly string[], known: Iterable<string>): string[] {
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
