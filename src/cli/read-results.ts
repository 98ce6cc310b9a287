import type { BenchmarkRecord } from "../evidence/record.ts";
import type { DatabaseContents } from "../results/store/database-contents.ts";
import type { IndexedContents } from "../results/query/record-index.ts";
import { queryDatabase, readDatabase } from "../run/records/read-database.ts";
import { otherDatabaseHint } from "./other-database-hint.ts";
import { databaseOf, type SharedCall } from "./requests.ts";
import type { Terminal } from "./terminal.ts";

type DatabaseCall = SharedCall & { readonly terminal: Pick<Terminal, "stderr"> };

/** The records that a verb speaks of; what is wrong with the database becomes warnings. */
export async function readRecords(call: DatabaseCall): Promise<readonly BenchmarkRecord[]> {
  return (await warned(call, await readDatabase(databaseOf(call)))).records;
}

/** The same for queries, which need no whole records. */
export async function queryContents(call: DatabaseCall): Promise<IndexedContents> {
  return warned(call, await queryDatabase(databaseOf(call)));
}

/** The same for exports: `elementText` then gives each record exactly as the file has it. */
export async function exactContents(
  call: DatabaseCall,
): Promise<Pick<DatabaseContents, "records" | "problems">> {
  return warned(call, await readDatabase(databaseOf(call), true));
}

async function warned<
  T extends { readonly records: readonly unknown[]; readonly problems: readonly string[] },
>(call: DatabaseCall, contents: T): Promise<T> {
  const { stderr } = call.terminal;
  for (const problem of contents.problems) stderr.write(`warning: ${problem}\n`);
  const hint = contents.records.length === 0 ? await otherDatabaseHint(call) : undefined;
  if (hint !== undefined) stderr.write(`${hint}\n`);
  return contents;
}
