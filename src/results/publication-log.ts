import { appendFile, readFile } from "node:fs/promises";

/** What became of our records in the database: a log beside it, one JSON line an act, folded when it is read. */
export interface Publication {
  /** Ids that we put into the file that is there now. */
  readonly published: ReadonlySet<string>;
  /** Tombstones: ids that a user removed, one by one or with the whole file. */
  readonly removed: ReadonlySet<string>;
}

type Act = "published" | "removed" | "restored";

/** Lines that are cut or strange are passed over: they can only bring a record back, never lose one. */
export async function readPublication(database: string): Promise<Publication> {
  const published = new Set<string>();
  const removed = new Set<string>();
  for (const line of (await textOf(logOf(database))).split("\n")) {
    const entry = parse(line);
    if (entry === undefined) continue;
    for (const id of entry.ids) {
      if (entry.act === "published") published.add(id);
      else published.delete(id);
      if (entry.act === "removed") removed.add(id);
      else removed.delete(id);
    }
  }
  return { published, removed };
}

/** Notes an act. Call it after the database itself has changed. */
export async function notePublication(
  database: string,
  act: Act,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await appendFile(logOf(database), `${JSON.stringify({ act, ids })}\n`, { mode: 0o600 });
}

function logOf(database: string): string {
  return `${database}.published`;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function parse(line: string): { act: Act; ids: string[] } | undefined {
  try {
    const value = JSON.parse(line) as { act?: unknown; ids?: unknown };
    const known = value.act === "published" || value.act === "removed" || value.act === "restored";
    if (!known || !Array.isArray(value.ids)) return undefined;
    const ids = value.ids.filter((id): id is string => typeof id === "string");
    return { act: value.act as Act, ids };
  } catch {
    return undefined;
  }
}
