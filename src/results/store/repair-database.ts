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

/** What a repair did, in records. */
export interface Repair {
  readonly state: "missing" | "sound" | "repaired";
  /** What was wrong with the file as a whole. */
  readonly why?: string;
  /** Whole records that the file itself had. */
  readonly kept: number;
  /** In the file, but not as their journal or the backup has them: put right. */
  readonly corrected: number;
  readonly fromBackup: number;
  /** From the journals, or from copies of what no journal holds. */
  readonly fromJournals: number;
  /** That were once written here, and that neither the file nor a journal, a copy or the newest backup has. */
  readonly lost: number;
  readonly total: number;
  /** The newest backup that was looked into. */
  readonly backup?: string;
  /** Where the damaged file lies now. */
  readonly aside?: string;
}

/** A text in the place of the file's, if there must be one, and what it is made of. */
export interface RepairedText {
  readonly text: string | undefined;
  readonly repair: Repair;
}

/**
 * The longest sound part of the file, then what the newest backup and the journals have beside it. A record never
 * changes once it is written, so one that reads differently in the file than there was hit.
 * @param ours what journals and copies hold. @param removed ids that must stay away.
 */
export async function mend(
  path: string,
  file: DatabaseFile,
  ours: readonly BenchmarkRecord[],
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
    return { text: undefined, repair: { state: "missing", ...nothing } };
  }
  const base = file.kind === "sound" ? file.text : newDatabaseText(salvageElements(file.text));
  const { elements: saved, backup } = await savedElements(path);
  const journals = new Map(
    ours.map((record) => [record.id, JSON.stringify(record, undefined, 2)] as const),
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

/** The database with every record as the truth has it. */
function overlayKnownRecords(
  text: string,
  truth: ReadonlyMap<string, string>,
  removed: ReadonlySet<string>,
): { readonly text: string; readonly corrected: number; readonly added: readonly string[] } {
  const database = scanDatabase(text);
  const missing = new Map([...truth].filter(([id]) => !removed.has(id)));
  const corrected = new Map<number, string>();
  /** Elements that nobody knows, by what they hold beside their id. */
  const strangers = new Map<string, number>();
  for (const [index, { from, to }] of database.elements.entries()) {
    const value = valueOf(text.slice(from, to));
    const id = idOf(value) ?? "";
    const known = truth.get(id);
    missing.delete(id);
    if (known === undefined) strangers.set(besideId(value), index);
    else if (!isDeepStrictEqual(valueOf(known), value)) corrected.set(index, known);
  }
  for (const [id, known] of strangers.size === 0 ? [] : [...missing]) {
    const index = strangers.get(besideId(valueOf(known)));
    if (index === undefined) continue;
    // It was its id that was hit.
    corrected.set(index, known);
    missing.delete(id);
  }
  const mended = corrected.size === 0 ? text : replaceElements(database, corrected);
  return {
    text: missing.size === 0 ? mended : insertElements(scanDatabase(mended), [...missing.values()]),
    corrected: corrected.size,
    added: [...missing.keys()],
  };
}

function besideId(value: unknown): string {
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
