import { isMissing } from "../../support/safe-file.ts";
import { appendSidecar, sidecarLines } from "./sidecar-file.ts";

/** The state of records according to the log next to the database, which has one JSON line per action. */
export interface Publication {
  /** Ids that were published to the current file. */
  readonly published: ReadonlySet<string>;
  /** Ids that the user removed. */
  readonly removed: ReadonlySet<string>;
  /** Ids that were in a file that the user deleted. */
  readonly deleted: ReadonlySet<string>;
}

const ACTS = ["published", "removed", "deleted", "restored"] as const;
type Act = (typeof ACTS)[number];

/** Ignores invalid lines, which can only make a record reappear, never lose one. @throws SweepError */
export async function readPublication(database: string): Promise<Publication> {
  const published = new Set<string>();
  const removed = new Set<string>();
  const deleted = new Set<string>();
  const sets = { published, removed, deleted };
  for (const line of await sidecarLines(database, "published")) {
    const entry = parse(line);
    if (entry === undefined) continue;
    for (const id of entry.ids) {
      for (const set of Object.values(sets)) set.delete(id);
      if (entry.act !== "restored") sets[entry.act].add(id);
    }
  }
  return sets;
}

/**
 * Ids that were published to the current file but are no longer present, because another program has overwritten them.
 * None if the file is missing, because the user has deleted it. @throws SweepError
 */
export async function overwrittenIn(
  database: string,
  present: Iterable<{ readonly id: string }>,
): Promise<string[]> {
  const { published } = await readPublication(database);
  if (published.size === 0) return [];
  const ids = new Set<string>();
  for (const { id } of present) ids.add(id);
  const absent = [...published].filter((id) => !ids.has(id));
  return absent.length === 0 || (await isMissing(database)) ? [] : absent;
}

/** All ids that must not be published. */
export function tombstones({ removed, deleted }: Publication): ReadonlySet<string> {
  return new Set([...removed, ...deleted]);
}

/** Logs an action. Call it after the database itself has changed. @throws SweepError */
export async function logPublication(
  database: string,
  act: Act,
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await appendSidecar(database, "published", [JSON.stringify({ act, ids })]);
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
