import { dirname } from "node:path";
import type { Adapter } from "lowdb";
import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, SweepError, errorText } from "../../support/errors.ts";
import { makeFolder } from "../../support/make-folder.ts";
import { followLinks, writeFileAtomically } from "../../support/safe-file.ts";
import { copyAside, pruneBackups } from "./backups.ts";
import {
  bestCopy,
  checkWritable,
  databaseError,
  idOf,
  identityOf,
  readDatabaseFile,
  type DatabaseFile,
} from "./database-file.ts";
import {
  insertElements,
  MAX_TEXT_LENGTH,
  newDatabaseText,
  parsePythonJson,
  scanDatabase,
} from "./database-text.ts";
import { elementText } from "./element-text.ts";
import { readPublication, tombstones } from "./publication-log.ts";
import { withWriterLock } from "./writer-lock.ts";

export interface StoredDatabase {
  version: string;
  /** The elements that were read, and those added since. */
  benchmarks: unknown[];
}

export interface MergingAdapter extends Adapter<StoredDatabase> {
  /**
   * Replaces the text with the result of `change`, with the same precautions as `write`.
   * @returns path of the copy of a damaged file
   */
  rewrite(change: Change): Promise<string | undefined>;
  /** Whether the last `read` found a damaged file. The next `write` repairs it. */
  foundDamage(): boolean;
}

/** Returns the new text, or undefined for no change. Called again if the file changed in the meantime. */
type Change = (file: DatabaseFile) => Promise<Changed | undefined>;

interface Changed {
  readonly text: string;
  /** Whether the old file is damaged and must not become a backup. By default, whether it is not valid JSON. */
  readonly damaged?: boolean;
  /** Whether the old file lacks records that a backup has, so that it must not become a backup either. */
  readonly incomplete?: boolean;
}

const MAX_ATTEMPTS = 20;

class ConcurrentChange extends Error {}

/**
 * A lowdb adapter for a file that other programs also write. `write` only adds elements whose ids are missing from the
 * file; lowdb's own adapter would overwrite changes made since the last read. Other programs do not use our lock, so
 * the file's identity is checked again before the rename.
 */
export function mergingAdapter(path: string, nowMs: () => number): MergingAdapter {
  let backedUp = false;
  let damaged = false;
  /** Elements that were read are never added again: if they are missing now, another program removed them. */
  const readFromDisk = new WeakSet<object>();

  const writeLocked = async (change: Change): Promise<string | undefined> => {
    const target = await followLinks(path);
    makeFolder(dirname(target), 0o700);
    return withWriterLock(target, async () => {
      for (let attempt = 1; ; attempt += 1) {
        const file = await readDatabaseFile(target);
        if (file.kind === "unreadable") throw databaseError(path, "written", file.why);
        const changed = await change(file);
        if (changed === undefined) return undefined;
        const { text, damaged = file.kind === "corrupt", incomplete = false } = changed;
        if (text.length > MAX_TEXT_LENGTH) throw tooLarge(path);
        await checkWritable(path);
        const aside = damaged ? await copyAside(target, "corrupt", nowMs()) : undefined;
        if (file.kind === "sound" && !damaged && !incomplete && !backedUp) {
          await copyAside(target, "bak", nowMs());
          await pruneBackups(target);
          backedUp = true;
        }
        try {
          await writeFileAtomically(target, text, {
            beforeRename: async () => {
              if ((await identityOf(target)) !== file.identity) throw new ConcurrentChange();
            },
          });
          return aside;
        } catch (error) {
          if (!(error instanceof ConcurrentChange) || attempt === MAX_ATTEMPTS) throw error;
          await sleep(Math.random() * 20 * attempt);
        }
      }
    });
  };

  return {
    async read() {
      const file = await readDatabaseFile(path);
      damaged = file.kind === "corrupt" || flawOf(file) !== undefined;
      if (file.kind === "missing" || file.kind === "unreadable") return null;
      const sound = file.kind === "sound";
      const benchmarks = sound
        ? [...file.elements]
        : (await recoverableTexts(path, file.text)).map(parsePythonJson);
      for (const element of benchmarks)
        if (typeof element === "object" && element !== null) readFromDisk.add(element);
      return { version: sound ? String(file.version) : "1.0", benchmarks };
    },
    async write(data) {
      await translateErrors(path, () =>
        writeLocked(async (file) => {
          const text = await soundText(path, file);
          const scanned = scanDatabase(text);
          const onDisk = new Set(
            file.kind === "sound"
              ? file.elements.map(idOf)
              : scanned.elements.map(({ from, to }) => idOf(parsePythonJson(text.slice(from, to)))),
          );
          const missing = data.benchmarks.filter((element) => {
            const id = idOf(element);
            return id !== undefined && !onDisk.has(id) && !readFromDisk.has(element as object);
          });
          if (missing.length === 0 && file.kind === "sound" && file.flaw === undefined)
            return undefined;
          const texts = missing.map(elementText);
          return { text: insertElements(scanned, texts) };
        }),
      );
    },
    foundDamage: () => damaged,
    rewrite: (change) => translateErrors(path, () => writeLocked(change)),
  };
}

function flawOf(file: DatabaseFile): string | undefined {
  return file.kind === "sound" ? file.flaw : undefined;
}

async function soundText(path: string, file: DatabaseFile): Promise<string> {
  if (file.kind === "sound") return file.text;
  return newDatabaseText(file.kind === "corrupt" ? await recoverableTexts(path, file.text) : []);
}

async function recoverableTexts(path: string, damagedText: string): Promise<readonly string[]> {
  const { own, saved } = await bestCopy(path, damagedText, tombstones(await readPublication(path)));
  return [...own, ...saved];
}

async function translateErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SweepError) throw error;
    if (error instanceof ConcurrentChange)
      throw databaseError(path, "written", "another program keeps changing it");
    throw databaseError(path, "written", errorText(error));
  }
}

function tooLarge(path: string): SweepError {
  return new SweepError("the benchmark database is full", {
    exitCode: ExitCode.usage,
    reason: `${path}: with these records it would be too large to read`,
    hint: "move it aside and start a new one, or name another one with --db FILE",
  });
}
