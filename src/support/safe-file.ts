import { randomUUID } from "node:crypto";
import { open, readlink, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";

export interface AtomicWriteOptions {
  /** Permissions of a new file; one that exists keeps its own. Default 0600. */
  readonly mode?: number;
  /** Last look before the new text takes the old one's place; what it throws leaves the old one there. */
  readonly beforeRename?: () => Promise<void>;
}

const LONGEST_CHAIN_OF_LINKS = 40;

/**
 * Puts `text`, whole or in pieces, in the place of `path`, all of it or nothing: other processes see the old or the new text, and so
 * does the disk after a power cut. A symbolic link stays one; its target is replaced.
 * @throws what the file system said; the old text is then untouched and nothing is left beside it.
 */
export async function writeFileAtomically(
  path: string,
  text: string | Uint8Array | Iterable<string>,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const target = await followLinks(path);
  const temporary = join(dirname(target), `.${randomUUID()}.tmp`);
  const mode = (await modeOf(target)) ?? options.mode ?? 0o600;
  try {
    await writeNew(temporary, bytesOf(text), mode);
    await options.beforeRename?.();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Where a path leads in the end, also when nothing is there yet (`realpath` refuses that). */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < LONGEST_CHAIN_OF_LINKS; links += 1) {
    let next: string;
    try {
      next = await readlink(target);
    } catch {
      return target;
    }
    target = isAbsolute(next) ? next : resolve(dirname(target), next);
  }
  throw Object.assign(new Error(`too many symbolic links: ${path}`), { code: "ELOOP" });
}

/** As `followLinks`, for those who only read: links in a circle lead to where they begin. */
export async function whereLinksLead(path: string): Promise<string> {
  return followLinks(path).catch(() => resolve(path));
}

/** Whether there is nothing at all: what cannot be looked at is not missing. */
export async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** Makes a rename or a new name in the folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, "r");
  } catch {
    // A folder that may be written but not read; the rename itself is done.
    return;
  }
  try {
    await handle.sync();
  } catch {
    // Some network file systems refuse to sync a folder; the rename itself is done.
  } finally {
    await handle.close();
  }
}

function* bytesOf(text: string | Uint8Array | Iterable<string>): Iterable<Uint8Array> {
  if (text instanceof Uint8Array) yield text;
  else if (typeof text === "string") yield Buffer.from(text);
  else for (const piece of text) yield Buffer.from(piece);
}

async function writeNew(path: string, pieces: Iterable<Uint8Array>, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    for (const bytes of pieces) {
      // `write` may write less than it was given.
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
        at += bytesWritten;
      }
    }
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return undefined;
  }
}
