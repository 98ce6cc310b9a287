import { lstatSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writeFileAtomically } from "../support/safe-file.ts";
import { makeFolder } from "../support/make-folder.ts";
import { ENV_FILE, formatSession, RENTAL_FILE, STATE_FILE } from "./session-files.ts";
import type { LocatedSession, Session } from "./session.ts";

const LINK = ".aider-env";

/** Leaves a session where the Python tool looks for it. @returns its folder */
export async function writeSession(session: Session, place: string): Promise<string> {
  const folder = join(place, session.name);
  makeFolder(folder, 0o700);
  const texts = formatSession(session);
  for (const file of [ENV_FILE, RENTAL_FILE, STATE_FILE] as const) {
    const text = texts[file];
    if (text !== undefined) await writeFileAtomically(join(folder, file), text);
  }
  return folder;
}

/**
 * Makes a session the current one of a folder: the link that the Python tool follows. A plain file of that name is
 * somebody's own and stays. @returns false when it was left alone
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

/** Takes a session's folder away, and the link in the working directory if it leads there. */
export function removeSession({ folder }: LocatedSession, workingDirectory: string): void {
  rmSync(folder, { recursive: true, force: true });
  const link = join(workingDirectory, LINK);
  try {
    if (dirname(resolve(workingDirectory, readlinkSync(link))) === folder) rmSync(link);
  } catch {
    // There is none.
  }
}
