import { isDeepStrictEqual } from "node:util";
import type { BenchmarkRecord } from "../evidence/record.ts";
import { backupsOf } from "./backups.ts";
import { bestCopy, idOf, idOfText, readDatabaseFile, type DatabaseFile } from "./database-file.ts";
import {
  insertElements,
  newDatabaseText,
  replaceElements,
  scanDatabase,
  type DatabaseText,
} from "./database-text.ts";
import { readRecord } from "./read-record.ts";

/** What a repair did, in records. */
export interface Repair {
  readonly state: "missing" | "sound" | "repaired";
  /** What was wrong with the file as a whole. */
  readonly why?: string;
  /** Whole records that the file itself had. */
  readonly kept: number;
  /** In the file, but not as their journal or backup has them: put right. */
  readonly corrected: number;
  readonly fromBackup: number;
  readonly fromJournals: number;
  readonly total: number;
  /** The backup that gave something. */
  readonly backup?: string;
  /** Where the damaged file lies now. */
  readonly aside?: string;
}

/** A text in the place of the file's, and what it is made of. */
export interface Mended {
  readonly text: string | undefined;
  readonly repair: Repair;
}

const NOTHING = { kept: 0, corrected: 0, fromBackup: 0, fromJournals: 0, total: 0 };

/**
 * The longest sound part of the file, then what the newest backup and the journals have beside it. The journals are
 * the truth for our records: one that reads differently in the file was damaged.
 * @param ours what the journals hold. @param removed ids that must stay away.
 */
export async function mend(
  path: string,
  file: DatabaseFile,
  ours: readonly BenchmarkRecord[],
  removed: ReadonlySet<string>,
): Promise<Mended> {
  if (file.kind === "corrupt") return mendText(path, file, ours, removed);
  if (file.kind === "sound") return mendElements(path, file, ours, removed);
  return { text: undefined, repair: { state: "missing", ...NOTHING } };
}

async function mendText(
  path: string,
  { text, why }: Extract<DatabaseFile, { kind: "corrupt" }>,
  ours: readonly BenchmarkRecord[],
  removed: ReadonlySet<string>,
): Promise<Mended> {
  const { own, saved, backup } = await bestCopy(path, text, removed);
  const copy = scanDatabase(newDatabaseText([...own, ...saved]));
  const { database, corrected, added } = withOurs(copy, ours, removed);
  const repair: Repair = {
    state: "repaired",
    why,
    kept: own.length,
    corrected,
    fromBackup: saved.length,
    fromJournals: added,
    total: own.length + saved.length + added,
    ...(backup === undefined ? {} : { backup }),
  };
  return { text: database, repair };
}

/** The file is JSON, but a record in it may have been hit. */
async function mendElements(
  path: string,
  file: Extract<DatabaseFile, { kind: "sound" }>,
  ours: readonly BenchmarkRecord[],
  removed: ReadonlySet<string>,
): Promise<Mended> {
  const scanned = scanDatabase(file.text);
  const broken = file.elements.filter((element) => !readRecord(element).usable);
  const saved = broken.length === 0 ? undefined : await newestSound(path);
  const replaced = new Map<number, string>();
  const missing: string[] = [];
  // What stands there in the same way as in the backup was always so.
  if (saved !== undefined && broken.some((element) => !saved.values.some(same(element)))) {
    const indexOf = new Map(file.elements.map((element, index) => [idOf(element), index]));
    for (const [at, value] of saved.values.entries()) {
      const id = idOf(value);
      const text = saved.texts[at];
      if (id === undefined || text === undefined || removed.has(id)) continue;
      const index = indexOf.get(id);
      if (index === undefined) missing.push(text);
      else if (!readRecord(file.elements[index]).usable && readRecord(value).usable)
        replaced.set(index, text);
    }
  }
  const text = insertElements(scanDatabase(replaceElements(scanned, replaced)), missing);
  const { database, corrected, added } = withOurs(scanDatabase(text), ours, removed);
  const unchanged = database === file.text;
  return {
    text: unchanged ? undefined : database,
    repair: {
      state: unchanged ? "sound" : "repaired",
      kept: file.elements.length - replaced.size - corrected,
      corrected: replaced.size + corrected,
      fromBackup: missing.length,
      fromJournals: added,
      total: file.elements.length + missing.length + added,
      ...(saved === undefined || missing.length + replaced.size === 0
        ? {}
        : { backup: saved.backup }),
    },
  };
}

async function newestSound(path: string) {
  for (const backup of await backupsOf(path)) {
    const file = await readDatabaseFile(backup);
    if (file.kind !== "sound") continue;
    const texts = scanDatabase(file.text).elements.map(({ from, to }) => file.text.slice(from, to));
    return { backup, values: file.elements, texts };
  }
  return undefined;
}

/** The database with our records as the journals have them. */
function withOurs(
  database: DatabaseText,
  ours: readonly BenchmarkRecord[],
  removed: ReadonlySet<string>,
): { readonly database: string; readonly corrected: number; readonly added: number } {
  const wanted = new Map(
    ours.filter(({ id }) => !removed.has(id)).map((record) => [record.id, record]),
  );
  const corrected = new Map<number, string>();
  for (const [index, { from, to }] of database.elements.entries()) {
    const element = database.text.slice(from, to);
    const record = wanted.get(idOfText(element) ?? "");
    if (record === undefined) continue;
    wanted.delete(record.id);
    const text = JSON.stringify(record, undefined, 2);
    if (!same(JSON.parse(text))(parseOrNothing(element))) corrected.set(index, text);
  }
  const missing = [...wanted.values()].map((record) => JSON.stringify(record, undefined, 2));
  const text = replaceElements(database, corrected);
  return {
    database: missing.length === 0 ? text : insertElements(scanDatabase(text), missing),
    corrected: corrected.size,
    added: missing.length,
  };
}

function same(value: unknown): (other: unknown) => boolean {
  return (other) => isDeepStrictEqual(value, other);
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
