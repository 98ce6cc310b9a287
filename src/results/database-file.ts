import { open, readFile, type FileHandle } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { followLinks } from "../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { parsePythonJson, salvageElements } from "./database-text.ts";

/** What distinguishes one state of a file from another: who replaces it, and who writes into it, changes one of these. */
export type Identity = string;

export type DatabaseFile =
  | { readonly kind: "missing"; readonly identity: Identity }
  | {
      readonly kind: "sound";
      readonly identity: Identity;
      readonly text: string;
      readonly version: unknown;
      /** Values of `benchmarks`, in order. */
      readonly elements: readonly unknown[];
    }
  | {
      readonly kind: "corrupt";
      readonly identity: Identity;
      readonly text: string;
      readonly why: string;
    }
  /** A folder, or no permission: nothing can be said of its content. */
  | { readonly kind: "unreadable"; readonly why: string };

const MISSING = "missing";

/** Reads the database without changing anything. Never throws for what it finds. */
export async function readDatabaseFile(path: string): Promise<DatabaseFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { kind: "missing", identity: MISSING };
    return { kind: "unreadable", why: errorText(error) };
  }
  try {
    const { ino, mtimeNs, size } = await handle.stat({ bigint: true });
    return understand(await handle.readFile(), `${ino}-${mtimeNs}-${size}`);
  } catch (error) {
    return { kind: "unreadable", why: errorText(error) };
  } finally {
    await handle.close();
  }
}

function understand(bytes: Buffer, identity: Identity): DatabaseFile {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "corrupt", identity, text: bytes.toString("utf8"), why: "it is not UTF-8 text" };
  }
  const corrupt = (why: string): DatabaseFile => ({ kind: "corrupt", identity, text, why });
  if (text.trim() === "") return corrupt("it is empty");
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
  return { kind: "sound", identity, text, version, elements: value.benchmarks };
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

/** The best copy of a database that is damaged: what its own text still holds, then what the newest sound backup adds. */
export async function bestCopy(path: string, damagedText: string): Promise<string[]> {
  const elements = salvageElements(damagedText);
  const known = new Set(elements.map(idOfText));
  for (const backup of await backupsOf(await followLinks(path))) {
    let text: string;
    try {
      text = await readFile(backup, "utf8");
    } catch {
      continue;
    }
    const saved = salvageElements(text);
    if (saved.length === 0) continue;
    return [...elements, ...saved.filter((element) => !known.has(idOfText(element)))];
  }
  return elements;
}

/** The id of an element of the database, if it has one. */
export function idOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("id" in value)) return undefined;
  return typeof value.id === "string" ? value.id : undefined;
}

function idOfText(element: string): string | undefined {
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
