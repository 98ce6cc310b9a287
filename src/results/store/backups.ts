import { constants } from "node:fs";
import { copyFile, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../../support/safe-file.ts";

const MAX_BACKUPS = 10;

/** Copies the database to `.bak-<time>` or `.corrupt-<time>`. @returns the path of the copy */
export async function copyAside(
  database: string,
  kind: "bak" | "corrupt",
  nowMs: number,
): Promise<string> {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]/g, "");
  for (let number = 0; ; number += 1) {
    const path = `${database}.${kind}-${stamp}${number === 0 ? "" : `-${number}`}`;
    try {
      // Not a hard link, because the database may be edited in place.
      await copyFile(database, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    await syncFolder(dirname(database));
    return path;
  }
}

/** Paths of the backups, newest first. */
export async function backupsOf(database: string): Promise<string[]> {
  const prefix = `${basename(database)}.bak-`;
  let names: string[];
  try {
    names = await readdir(dirname(database));
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith(prefix))
    .toSorted()
    .toReversed()
    .map((name) => join(dirname(database), name));
}

/** Deletes all but the newest ten backups. */
export async function pruneBackups(database: string): Promise<void> {
  for (const path of (await backupsOf(database)).slice(MAX_BACKUPS))
    await rm(path, { force: true });
}
