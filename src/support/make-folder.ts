import { mkdirSync, mkdtempSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Creates a folder and its missing parents. `mkdir` with `recursive` never returns below a folder such as /proc, where
 * every attempt fails with ENOENT. @throws the error of the file system
 */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolder(dirname(path), mode);
    makeUnlessExisting(path, mode);
  }
}

/** Another process may have created it meanwhile. */
function makeUnlessExisting(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Checks that a folder is writable by creating an entry, because permissions do not reveal a read-only file system.
 * @throws Error with the text of the file system, without the name of the entry
 */
export function probeWritable(folder: string): void {
  try {
    rmdirSync(mkdtempSync(join(folder, ".maider-sweep-")));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(text.replace(/, \w+ '.*'$/s, ""), { cause: error });
  }
}
