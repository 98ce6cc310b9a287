import { isAscii, isUtf8 } from "node:buffer";
import { constants, existsSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { probeWritable } from "../../support/make-folder.ts";
import { resolveLinks } from "../../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { parsePythonJson, salvageElements } from "./database-text.ts";

/** Identifies the state of a file: replacing it or writing to it changes its identity. */
export type Identity = string;

/** The identity of a file that does not exist. */
export const MISSING: Identity = "missing";

export type DatabaseFile =
  | { readonly kind: "missing"; readonly identity: Identity }
  | {
      readonly kind: "sound";
      readonly identity: Identity;
      readonly text: string;
      readonly version: unknown;
      /** Values of `benchmarks`, in order. */
      readonly elements: readonly unknown[];
      /** Why other programs cannot read the file although it is complete. The next write fixes it. */
      readonly flaw?: string;
    }
  | {
      readonly kind: "corrupt";
      readonly identity: Identity;
      readonly text: string;
      readonly why: string;
    }
  /** A folder, a device, or a file without read permission. */
  | { readonly kind: "unreadable"; readonly why: string };

const BYTE_ORDER_MARK = Buffer.from("\uFEFF");
const MARKED = "it begins with a byte order mark, which maider cannot read";

/** Reads the database without changing anything. Never throws. */
export async function readDatabaseFile(path: string): Promise<DatabaseFile> {
  let handle: FileHandle;
  try {
    // O_NONBLOCK, because opening a pipe would block.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { kind: "missing", identity: MISSING };
    return { kind: "unreadable", why: errorText(error) };
  }
  try {
    const facts = await handle.stat({ bigint: true });
    if (!facts.isFile())
      return {
        kind: "unreadable",
        why: facts.isDirectory() ? "it is a folder" : "it is not a regular file",
      };
    const { ino, mtimeNs, size } = facts;
    return parseDatabase(await readAll(handle, Number(size)), `${ino}-${mtimeNs}-${size}`);
  } catch (error) {
    return { kind: "unreadable", why: errorText(error) };
  } finally {
    await handle.close();
  }
}

/** `FileHandle.readFile` reads half a megabyte at a time, which takes twice as long. */
async function readAll(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

function textOf(bytes: Buffer, isMarked: boolean): string {
  // For ASCII, decoding as Latin-1 gives the same result much faster.
  if (isAscii(bytes)) return bytes.toString("latin1");
  return bytes.toString("utf8", isMarked ? BYTE_ORDER_MARK.length : 0);
}

function parseDatabase(bytes: Buffer, identity: Identity): DatabaseFile {
  const isMarked = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const text = textOf(bytes, isMarked);
  if (!isUtf8(bytes)) return { kind: "corrupt", identity, text, why: "it is not UTF-8 text" };
  const corrupt = (why: string): DatabaseFile => ({ kind: "corrupt", identity, text, why });
  if (!/\S/.test(text)) return corrupt("it is empty");
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (error) {
    return corrupt(`it is not JSON (${errorText(error)})`);
  }
  if (typeof value !== "object" || value === null || !("benchmarks" in value))
    return corrupt("it has no `benchmarks`");
  if (!Array.isArray(value.benchmarks)) return corrupt("its `benchmarks` is not a list");
  const version = "version" in value ? value.version : "1.0";
  const sound = { kind: "sound", identity, text, version, elements: value.benchmarks } as const;
  return isMarked ? { ...sound, flaw: MARKED } : sound;
}

/** The current identity of a file, to detect changes since it was read. */
export async function identityOf(path: string): Promise<Identity> {
  try {
    const handle = await open(path, "r");
    try {
      const { ino, mtimeNs, size } = await handle.stat({ bigint: true });
      return `${ino}-${mtimeNs}-${size}`;
    } finally {
      await handle.close();
    }
  } catch {
    return MISSING;
  }
}

/** The records that can be recovered from a damaged database. */
export interface BestCopy {
  /** Texts of the complete records in the damaged file. */
  readonly own: readonly string[];
  /** Texts of further records from backups, except those that the user removed. */
  readonly saved: readonly string[];
}

/** @param removed ids that the user removed */
export async function bestCopy(
  path: string,
  damagedText: string,
  removed: ReadonlySet<string>,
): Promise<BestCopy> {
  const own = salvageElements(damagedText);
  const excluded = new Set([...own.map(idOfText), ...removed]);
  const { elements } = await savedElements(path);
  return { own, saved: [...elements].flatMap(([id, text]) => (excluded.has(id) ? [] : [text])) };
}

/** Texts of records, by id, from the newest sound backup and damaged newer ones. */
export async function savedElements(
  path: string,
): Promise<{ readonly elements: ReadonlyMap<string, string>; readonly backup?: string }> {
  const elements = new Map<string, string>();
  let used: string | undefined;
  for (const backup of await backupsOf(await resolveLinks(path))) {
    const file = await readDatabaseFile(backup);
    if (file.kind !== "sound" && file.kind !== "corrupt") continue;
    for (const element of salvageElements(file.text)) {
      const id = idOfText(element);
      if (id === undefined || elements.has(id)) continue;
      elements.set(id, element);
      used ??= backup;
    }
    // Older backups could only bring back records that have been removed since.
    if (file.kind === "sound") break;
  }
  return { elements, ...(used === undefined ? {} : { backup: used }) };
}

/** The id of an element; undefined if it has none. */
export function idOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("id" in value)) return undefined;
  return typeof value.id === "string" ? value.id : undefined;
}

/** The id of an element given as text. */
export function idOfText(element: string): string | undefined {
  return idOf(parsePythonJson(element));
}

/** The error for a file system failure. */
export function databaseError(path: string, act: "read" | "written", why: string): SweepError {
  return new SweepError(`the benchmark database cannot be ${act}`, {
    exitCode: ExitCode.usage,
    reason: `${path}: ${why}`,
    hint: "check its permissions and the free space of its disk, or name another one with --db FILE",
  });
}

const ANY_WRITE_PERMISSION = 0o222;

/**
 * Checks that the file can be written or created, before money is spent on results.
 * @throws SweepError exit 2
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await resolveLinks(path);
  let existing = target;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    const stats = statSync(existing);
    const isFolder = stats.isDirectory();
    if (existing !== target && !isFolder) throw new Error(`${existing} is not a folder`);
    if (existing === target && !stats.isFile())
      throw new Error(isFolder ? "it is a folder" : "it is not a regular file");
    // We could still replace the file, but its owner made it read-only on purpose.
    if (!isFolder && (stats.mode & ANY_WRITE_PERMISSION) === 0)
      throw new Error("it is read-only (chmod u+w makes it writable)");
    // Writing replaces the file, so its folder must be writable.
    probeWritable(isFolder ? existing : dirname(existing));
  } catch (error) {
    throw databaseError(path, "written", errorText(error));
  }
}
