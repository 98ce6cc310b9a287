import { appendFile, readFile } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { whereLinksLead } from "../support/safe-file.ts";

/** What became of records in the database: a log beside it, one JSON line an act, folded when it is read. */
export interface Publication {
  /** Ids that we put into the file that is there now. */
  readonly published: ReadonlySet<string>;
  /** Tombstones: ids that a user removed one by one. */
  readonly removed: ReadonlySet<string>;
  /** Ids that went with a file which the user deleted. */
  readonly deleted: ReadonlySet<string>;
}

const ACTS = ["published", "removed", "deleted", "restored"] as const;
type Act = (typeof ACTS)[number];

/** Lines that are cut or strange are passed over: they can only bring a record back, never lose one. @throws SweepError */
export async function readPublication(database: string): Promise<Publication> {
  const published = new Set<string>();
  const removed = new Set<string>();
  const deleted = new Set<string>();
  const sets = { published, removed, deleted };
  for (const line of (await textOf(await logOf(database))).split("\n")) {
    const entry = parse(line);
    if (entry === undefined) continue;
    for (const id of entry.ids) {
      for (const set of Object.values(sets)) set.delete(id);
      if (entry.act !== "restored") sets[entry.act].add(id);
    }
  }
  return sets;
}

/** All ids that must stay away. */
export function tombstones({ removed, deleted }: Publication): ReadonlySet<string> {
  return new Set([...removed, ...deleted]);
}

/** Notes an act. Call it after the database itself has changed. */
export async function notePublication(
  database: string,
  act: Act,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  // A line that a crash has cut must not take the next one along.
  const line = `\n${JSON.stringify({ act, ids })}\n`;
  try {
    await appendFile(await logOf(database), line, { mode: 0o600 });
  } catch (error) {
    throw new SweepError("what happened to the benchmark database could not be noted beside it", {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "check the permissions of its folder and the free space of its disk",
    });
  }
}

/** Beside the file itself, whichever link leads to it. */
async function logOf(database: string): Promise<string> {
  return `${await whereLinksLead(database)}.published`;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ELOOP") return "";
    throw new SweepError("the log of what was removed from the benchmark database cannot be read", {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "check its permissions, or name another database with --db FILE",
    });
  }
}

function parse(line: string): { act: Act; ids: string[] } | undefined {
  try {
    const value = JSON.parse(line) as { act?: unknown; ids?: unknown };
    const act = ACTS.find((known) => known === value.act);
    if (act === undefined || !Array.isArray(value.ids)) return undefined;
    return { act, ids: value.ids.filter((id): id is string => typeof id === "string") };
  } catch {
    return undefined;
  }
}
