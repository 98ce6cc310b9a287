import { mkdirSync, mkdtempSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * A folder and what is missing above it. Node's own recursive way never ends below a folder that says "no such file"
 * to every new one, as /proc does. @throws what the file system said.
 */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolder(dirname(path), mode);
    makeLast(path, mode);
  }
}

/** Another process may have made it meanwhile. */
function makeLast(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Only a trial tells: permissions say nothing of a read-only disk, or of /proc. @throws what the file system said */
export function checkTakesFiles(folder: string): void {
  rmdirSync(mkdtempSync(join(folder, ".maider-sweep-")));
}
