import { join } from "node:path";
import { JOURNAL_FILE, readJournal } from "../journal/journal-file.ts";
import { readPlainOrPacked } from "../journal/packed-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { DatabaseContents } from "../results/store/database-contents.ts";
import type { ExportSource } from "../results/exchange/export-source.ts";
import { readIndexed, type IndexedContents } from "../results/query/record-index.ts";
import { unsoundPasses, type Unranked } from "../results/query/unranked.ts";
import { whereLinksLead } from "../support/safe-file.ts";
import { completed } from "./with-overwritten-records.ts";
import { simulatedStateDir, type DatabaseLocation } from "./locations.ts";

/** What the database holds, and what is wrong with it; of a damaged one its best copy. */
export async function readDatabase(
  location: DatabaseLocation,
): Promise<Pick<DatabaseContents, "records" | "problems">> {
  const { readContents } = await import("../results/store/database-contents.ts");
  const contents = await readContents(location.file);
  return (await completed(location, contents)) ?? contents;
}

/**
 * The same for queries: without prompts, replies and the figures of single tests, which only exports show; with the
 * seal that they were read under.
 */
export async function queryDatabase(location: DatabaseLocation): Promise<IndexedContents> {
  const indexed = await readIndexed(location.file, indexFolder(location.stateDir), Date.now());
  // What was added to it is not under its seal.
  return (await completed(location, indexed)) ?? indexed;
}

/** For exports, which show whole records: whoever opens it closes it. */
export async function openExportOf(location: DatabaseLocation): Promise<ExportSource> {
  const { openExport } = await import("../results/exchange/export-source.ts");
  const source = await openExport(location.file);
  return { ...source, ...(await completed(location, source)) };
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
