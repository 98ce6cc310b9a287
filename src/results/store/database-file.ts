import { isAscii, isUtf8 } from "node:buffer";
import { constants, existsSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { checkTakesFiles } from "../../support/make-folder.ts";
import { whereLinksLead } from "../../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { parsePythonJson, salvageElements } from "./database-text.ts";

/** What distinguishes one state of a file from another: who replaces it, and who writes into it, changes one of these. */
export type Identity = string;

/** The identity of what is not there. */
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
      /** Why other programs cannot read it, though all of it is there: the next write puts it right. */
      readonly flaw?: string;
    }
  | {
      readonly kind: "corrupt";
      readonly identity: Identity;
      readonly text: string;
      readonly why: string;
    }
  /** A folder, a device, or no permission: nothing can be said of its content. */
  | { readonly kind: "unreadable"; readonly why: string };

const BYTE_ORDER_MARK = Buffer.from("\uFEFF");
const MARKED = "it begins with a mark of byte order, at which maider and Python stop";

/** Reads the database without changing anything. Never throws for what it finds. */
export async function readDatabaseFile(path: string): Promise<DatabaseFile> {
  let handle: FileHandle;
  try {
    // A pipe would be waited for.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { kind: "missing", identity: MISSING };
    return { kind: "unreadable", why: errorText(error) };
  }
  try {
    const facts = await handle.stat({ bigint: true });
    if (!facts.isFile())
      return { kind: "unreadable", why: facts.isDirectory() ? "it is a folder" : "it is no file" };
    const { ino, mtimeNs, size } = facts;
    return understand(await readAll(handle, Number(size)), `${ino}-${mtimeNs}-${size}`);
  } catch (error) {
    return { kind: "unreadable", why: errorText(error) };
  } finally {
    await handle.close();
  }
}

/** In one piece: `FileHandle.readFile` reads half a megabyte at a time, which doubles the time of a large file. */
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
  // Decoding plain ASCII as Latin-1 gives the same in a fraction of the time.
  if (isAscii(bytes)) return bytes.toString("latin1");
  return bytes.toString("utf8", isMarked ? BYTE_ORDER_MARK.length : 0);
}

function understand(bytes: Buffer, identity: Identity): DatabaseFile {
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

/** Identity of what stands there now, to be compared with that of what was read. */
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

/** What is left of a database that is damaged. */
export interface BestCopy {
  /** Every whole record of the damaged text, as text. */
  readonly own: readonly string[];
  /** What backups have beside them, as text; nothing that the user removed. */
  readonly saved: readonly string[];
}

/** @param removed ids that must stay away. */
export async function bestCopy(
  path: string,
  damagedText: string,
  removed: ReadonlySet<string>,
): Promise<BestCopy> {
  const own = salvageElements(damagedText);
  const known = new Set([...own.map(idOfText), ...removed]);
  const { elements } = await savedElements(path);
  return { own, saved: [...elements].flatMap(([id, text]) => (known.has(id) ? [] : [text])) };
}

/** What backups hold, by id, as text: of the newest sound one, and of damaged ones that are newer. */
export async function savedElements(
  path: string,
): Promise<{ readonly elements: ReadonlyMap<string, string>; readonly backup?: string }> {
  const elements = new Map<string, string>();
  let used: string | undefined;
  for (const backup of await backupsOf(await whereLinksLead(path))) {
    const file = await readDatabaseFile(backup);
    if (file.kind !== "sound" && file.kind !== "corrupt") continue;
    for (const element of salvageElements(file.text)) {
      const id = idOfText(element);
      if (id === undefined || elements.has(id)) continue;
      elements.set(id, element);
      used ??= backup;
    }
    // An older one could only bring back what was taken out since.
    if (file.kind === "sound") break;
  }
  return { elements, ...(used === undefined ? {} : { backup: used }) };
}

/** The id of an element of the database, if it has one. */
export function idOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("id" in value)) return undefined;
  return typeof value.id === "string" ? value.id : undefined;
}

/** Of an element as text. */
export function idOfText(element: string): string | undefined {
  return idOf(parsePythonJson(element));
}

/** Translates what the file system said about the database. */
export function databaseError(path: string, act: "read" | "written", why: string): SweepError {
  return new SweepError(`the benchmark database cannot be ${act}`, {
    exitCode: ExitCode.usage,
    reason: `${path}: ${why}`,
    hint: "check its permissions and the free space of its disk, or name another one with --db FILE",
  });
}

const ANYBODY_WRITES = 0o222;

/**
 * Could the file be written, or made? Before money is spent on what goes into it.
 * @throws SweepError exit 2
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await whereLinksLead(path);
  let there = target;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const found = statSync(there);
    const isFolder = found.isDirectory();
    if (there !== target && !isFolder) throw new Error(`${there} is no folder`);
    if (there === target && !found.isFile())
      throw new Error(isFolder ? "it is a folder" : "it is no file");
    // The folder would let us replace it all the same, but somebody has closed it on purpose.
    if (!isFolder && (found.mode & ANYBODY_WRITES) === 0)
      throw new Error("it is read-only (chmod u+w lets it be written)");
    // A file is replaced by a new one, so it is its folder that has to let us.
    checkTakesFiles(isFolder ? there : dirname(there));
  } catch (error) {
    throw databaseError(path, "written", errorText(error));
  }
}
