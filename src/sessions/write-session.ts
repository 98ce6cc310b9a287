import { lstatSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writeFileAtomically } from "../support/safe-file.ts";
import { makeFolder } from "../support/make-folder.ts";
import { ENV_FILE, formatSession, RENTAL_FILE, STATE_FILE } from "./session-files.ts";
import type { LocatedSession, Session } from "./session.ts";

const LINK = ".aider-env";

/** Writes a session's folder into `parent`, with the files that the Python tool reads. @returns the folder */
export async function writeSession(session: Session, parent: string): Promise<string> {
  const folder = join(parent, session.name);
  makeFolder(folder, 0o700);
  const texts = formatSession(session);
  for (const file of [ENV_FILE, RENTAL_FILE, STATE_FILE] as const) {
    const text = texts[file];
    if (text !== undefined) await writeFileAtomically(join(folder, file), text);
  }
  return folder;
}

/**
 * Makes a session the current one of a folder: points the link `.aider-env`, which the Python tool follows, to it.
 * @returns false if a regular file has that name, which is not overwritten, or the link cannot be created
 */
export function makeCurrent(folder: string, workingDirectory: string): boolean {
  const link = join(workingDirectory, LINK);
  try {
    if (!lstatSync(link).isSymbolicLink()) return false;
    rmSync(link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return false;
  }
  try {
    symlinkSync(join(folder, ENV_FILE), link);
    return true;
  } catch {
    return false;
  }
}

/** Deletes a session's folder, and the link in the working directory if it points into it. */
export function removeSession({ folder }: LocatedSession, workingDirectory: string): void {
  rmSync(folder, { recursive: true, force: true });
  const link = join(workingDirectory, LINK);
  try {
    if (dirname(resolve(workingDirectory, readlinkSync(link))) === folder) rmSync(link);
  } catch {
    // There is no link.
  }
}
