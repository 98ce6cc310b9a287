import { isDeepStrictEqual } from "node:util";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { idOf, savedElements, type DatabaseFile } from "./database-file.ts";
import {
  insertElements,
  newDatabaseText,
  parsePythonJson,
  replaceElements,
  salvageElements,
  scanDatabase,
} from "./database-text.ts";

/** The result of a repair. All counts are numbers of records. */
export interface Repair {
  readonly state: "missing" | "sound" | "repaired";
  /** What was wrong with the file, apart from its records. */
  readonly why?: string;
  /** Not changed. */
  readonly kept: number;
  /** Replaced, because they differed from the journals or the backup. */
  readonly corrected: number;
  /** Missing, and added from the newest backup. */
  readonly fromBackup: number;
  /** Missing, and added from the journals or the saved imports. */
  readonly fromJournals: number;
  /** Published to this file before, but no longer found anywhere. */
  readonly lost: number;
  readonly total: number;
  /** The newest backup that was used. */
  readonly backup?: string;
  /** Path of the saved copy of the damaged file. */
  readonly aside?: string;
}

/** The new text of the file, and a report of what changed. */
export interface RepairedText {
  /** Undefined if the file needs no change. */
  readonly text: string | undefined;
  /** False if records were only missing, so that the old file is sound. */
  readonly damaged: boolean;
  /** The old file lacks records that a backup has. If it became the newest backup, they could not be restored. */
  readonly incomplete: boolean;
  readonly repair: Repair;
}

/**
 * Combines the sound part of the file with the records of the newest backup and the journals. Records never change once
 * written, so a record that differs from its original was damaged.
 * @param known records in journals and saved imports
 * @param removed ids that the user removed, which are not added again
 */
export async function repairText(
  path: string,
  file: DatabaseFile,
  known: readonly BenchmarkRecord[],
  removed: ReadonlySet<string>,
): Promise<RepairedText> {
  if (file.kind !== "sound" && file.kind !== "corrupt") {
    const nothing = {
      kept: 0,
      corrected: 0,
      fromBackup: 0,
      fromJournals: 0,
      lost: 0,
      total: 0,
    };
    return {
      text: undefined,
      damaged: false,
      incomplete: false,
      repair: { state: "missing", ...nothing },
    };
  }
  const base = file.kind === "sound" ? file.text : newDatabaseText(salvageElements(file.text));
  const { elements: saved, backup } = await savedElements(path);
  const journals = new Map(
    known.map((record) => [record.id, JSON.stringify(record, undefined, 2)] as const),
  );
  const { text, corrected, added } = overlayKnownRecords(
    base,
    new Map([...saved, ...journals]),
    removed,
  );
  const fromJournals = added.filter((id) => journals.has(id)).length;
  const found = scanDatabase(base).elements.length;
  const why = file.kind === "sound" ? file.flaw : file.why;
  const unchanged = why === undefined && text === base;
  return {
    text: unchanged ? undefined : text,
    damaged: why !== undefined || corrected > 0,
    incomplete: added.length > fromJournals,
    repair: {
      state: unchanged ? "sound" : "repaired",
      ...(why === undefined ? {} : { why }),
      kept: found - corrected,
      corrected,
      fromBackup: added.length - fromJournals,
      fromJournals,
      lost: 0,
      total: found + added.length,
      ...(backup === undefined ? {} : { backup }),
    },
  };
}

/** Corrects and adds records according to their originals, by id. */
function overlayKnownRecords(
  text: string,
  originals: ReadonlyMap<string, string>,
  removed: ReadonlySet<string>,
): { readonly text: string; readonly corrected: number; readonly added: readonly string[] } {
  const database = scanDatabase(text);
  const missing = new Map([...originals].filter(([id]) => !removed.has(id)));
  const corrected = new Map<number, string>();
  /** Indices of elements with unknown ids, by the rest of their contents. */
  const unknownIds = new Map<string, number>();
  for (const [index, { from, to }] of database.elements.entries()) {
    const value = valueOf(text.slice(from, to));
    const id = idOf(value) ?? "";
    const original = originals.get(id);
    missing.delete(id);
    if (original === undefined) unknownIds.set(withoutId(value), index);
    else if (!isDeepStrictEqual(valueOf(original), value)) corrected.set(index, original);
  }
  for (const [id, original] of unknownIds.size === 0 ? [] : [...missing]) {
    const index = unknownIds.get(withoutId(valueOf(original)));
    if (index === undefined) continue;
    // Only the id was damaged.
    corrected.set(index, original);
    missing.delete(id);
  }
  const replaced = corrected.size === 0 ? text : replaceElements(database, corrected);
  return {
    text:
      missing.size === 0 ? replaced : insertElements(scanDatabase(replaced), [...missing.values()]),
    corrected: corrected.size,
    added: [...missing.keys()],
  };
}

function withoutId(value: unknown): string {
  return JSON.stringify(
    typeof value === "object" && value !== null ? { ...value, id: undefined } : value,
  );
}

function valueOf(text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch {
    return undefined;
  }
}
