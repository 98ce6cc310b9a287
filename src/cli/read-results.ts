import type { BenchmarkRecord } from "../evidence/record.ts";
import type { ExportSource } from "../results/exchange/export-source.ts";
import type { IndexedContents } from "../results/query/record-index.ts";
import { openExportOf, queryDatabase, readDatabase } from "../run/read-records.ts";
import { databaseOf, type SharedCall } from "./requests.ts";
import type { Terminal } from "./terminal.ts";

type DatabaseCall = SharedCall & { readonly terminal: Pick<Terminal, "stderr"> };

/** The records that a verb speaks of; what is wrong with the database becomes warnings. */
export async function readRecords(call: DatabaseCall): Promise<readonly BenchmarkRecord[]> {
  return warned(call, await readDatabase(databaseOf(call))).records;
}

/** The same for queries, which need no whole records. */
export async function queryContents(call: DatabaseCall): Promise<IndexedContents> {
  return warned(call, await queryDatabase(databaseOf(call)));
}

/** The same for exports, which show whole records: the caller closes it. */
export async function openExport(call: DatabaseCall): Promise<ExportSource> {
  return warned(call, await openExportOf(databaseOf(call)));
}

function warned<T extends { readonly problems: readonly string[] }>(
  { terminal }: DatabaseCall,
  contents: T,
): T {
  for (const problem of contents.problems) terminal.stderr.write(`warning: ${problem}\n`);
  return contents;
}
