import { join } from "node:path";
import { JOURNAL_FILE, readJournal } from "../../journal/journal-file.ts";
import { readPlainOrPacked } from "../../journal/packed-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { DatabaseContents } from "../../results/store/database-contents.ts";
import { overwrittenIn } from "../../results/store/publication-log.ts";
import { readIndexed, type IndexedContents } from "../../results/query/record-index.ts";
import { unsoundPasses, type Unranked } from "../../results/query/unranked.ts";
import { resolveLinks } from "../../support/safe-file.ts";
import { simulatedStateDir, type DatabaseLocation } from "../locations.ts";

/**
 * Reads the database, or its best copy if it is damaged. Reading repairs nothing.
 * @param exact whether `elementText` should return the records exactly as the file has them
 */
export async function readDatabase(
  { file }: DatabaseLocation,
  exact = false,
): Promise<Pick<DatabaseContents, "records" | "problems">> {
  const { readContents } = await import("../../results/store/database-contents.ts");
  return withOverwriteWarning(file, await readContents(file, exact));
}

/** The same for queries: from an index if the file is large, without prompts, replies and single tests' figures. */
export async function queryDatabase(location: DatabaseLocation): Promise<IndexedContents> {
  const { file, stateDir } = location;
  return withOverwriteWarning(file, await readIndexed(file, indexFolder(stateDir), Date.now()));
}

/** Adds a warning if records that were published are missing. For that it reads only the log next to the database. */
async function withOverwriteWarning<T extends Contents>(file: string, contents: T): Promise<T> {
  // If the log cannot be read, the next write reports it.
  const overwritten = await overwrittenIn(file, contents.records).catch(() => []);
  if (overwritten.length === 0) return contents;
  const count = overwritten.length === 1 ? "1 record" : `${String(overwritten.length)} records`;
  const problem = `${file}: ${count} written here are missing, as after another program's write; nothing is lost, maider-sweep db repair puts them back`;
  return { ...contents, problems: [...contents.problems, problem] };
}

interface Contents {
  readonly records: readonly BenchmarkRecord[];
  readonly problems: readonly string[];
}

/** Folder of cached query results, which may be deleted at any time. */
export function indexFolder(stateDir: string): string {
  return join(stateDir, "index");
}

/** Unsound passes in the journals, which are not in the database. */
export async function readUnsound({ file, stateDir }: DatabaseLocation): Promise<Unranked[]> {
  const wanted = await resolveLinks(file);
  const found: Unranked[] = [];
  for (const folder of [stateDir, simulatedStateDir(stateDir)]) {
    for (const run of listRuns(folder)) {
      if (!mayContainUnsound(runFolder(folder, run))) continue;
      const { events } = readJournal(runFolder(folder, run));
      const opened = events.find((event) => event.type === "run.opened");
      if (opened !== undefined && (await resolveLinks(opened.database)) === wanted)
        found.push(...unsoundPasses(events));
    }
  }
  return found;
}

/** A text search is much faster than parsing the events, and few journals contain unsound passes. */
function mayContainUnsound(folder: string): boolean {
  try {
    const bytes = readPlainOrPacked(join(folder, JOURNAL_FILE));
    return ["pass.failed", "pass.void", "server.failed"].some((type) =>
      bytes.includes(`"${type}"`),
    );
  } catch {
    return false;
  }
}
