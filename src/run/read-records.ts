import { join } from "node:path";
import { JOURNAL_FILE, readJournal } from "../journal/journal-file.ts";
import { readPlainOrPacked } from "../journal/packed-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { BenchmarkRecord } from "../evidence/record.ts";
import type { DatabaseContents } from "../results/store/database-contents.ts";
import { overwrittenIn } from "../results/store/publication-log.ts";
import type { ExportSource } from "../results/exchange/export-source.ts";
import { readIndexed, type IndexedContents } from "../results/query/record-index.ts";
import { unsoundPasses, type Unranked } from "../results/query/unranked.ts";
import { whereLinksLead } from "../support/safe-file.ts";
import { simulatedStateDir, type DatabaseLocation } from "./locations.ts";

/** What the database holds, and what is wrong with it; of a damaged one its best copy. Reading repairs nothing. */
export async function readDatabase(
  location: DatabaseLocation,
): Promise<Pick<DatabaseContents, "records" | "problems">> {
  const { readContents } = await import("../results/store/database-contents.ts");
  return withOverwritten(location.file, await readContents(location.file));
}

/**
 * The same for queries: without prompts, replies and the figures of single tests, which only exports show; with the
 * seal that they were read under.
 */
export async function queryDatabase(location: DatabaseLocation): Promise<IndexedContents> {
  const { file, stateDir } = location;
  return withOverwritten(file, await readIndexed(file, indexFolder(stateDir), Date.now()));
}

/** For exports, which show whole records: whoever opens it closes it. */
export async function openExportOf(location: DatabaseLocation): Promise<ExportSource> {
  const { openExport } = await import("../results/exchange/export-source.ts");
  return withOverwritten(location.file, await openExport(location.file));
}

/** Says how many records were published and are gone; only the log next to the database is read for it. */
async function withOverwritten<T extends Contents>(file: string, contents: T): Promise<T> {
  // A log that cannot be read is reported when something is written.
  const overwritten = await overwrittenIn(file, contents.records).catch(() => []);
  if (overwritten.length === 0) return contents;
  const count = overwritten.length === 1 ? "1 record" : `${String(overwritten.length)} records`;
  const problem = `${file}: ${count} written here are missing, as after another program's write (maider-sweep db repair puts them back)`;
  return { ...contents, problems: [...contents.problems, problem] };
}

interface Contents {
  readonly records: readonly BenchmarkRecord[];
  readonly problems: readonly string[];
}

/** Answers that may be deleted at any time. */
export function indexFolder(stateDir: string): string {
  return join(stateDir, "index");
}

/** Passes that the journals tell of and that never entered this database. */
export async function readUnsound({ file, stateDir }: DatabaseLocation): Promise<Unranked[]> {
  const wanted = await whereLinksLead(file);
  const found: Unranked[] = [];
  for (const folder of [stateDir, simulatedStateDir(stateDir)]) {
    for (const run of listRuns(folder)) {
      if (!mayHoldUnsound(runFolder(folder, run))) continue;
      const { events } = readJournal(runFolder(folder, run));
      const opened = events.find((event) => event.type === "run.opened");
      if (opened !== undefined && (await whereLinksLead(opened.database)) === wanted)
        found.push(...unsoundPasses(events));
    }
  }
  return found;
}

/** Nearly all journals tell of no such pass; to look for the words is far cheaper than to read the facts. */
function mayHoldUnsound(folder: string): boolean {
  try {
    const bytes = readPlainOrPacked(join(folder, JOURNAL_FILE));
    return ["pass.failed", "pass.void", "server.failed"].some((type) =>
      bytes.includes(`"${type}"`),
    );
  } catch {
    return false;
  }
}
