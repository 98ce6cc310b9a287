import { randomUUID } from "node:crypto";
import { open, readlink, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";

export interface AtomicWriteOptions {
  /** Permissions of a new file; an existing file retains its own. Default 0600. */
  readonly mode?: number;
  /** Called just before the file is replaced. If it throws, the file is not replaced. */
  readonly beforeRename?: () => Promise<void>;
}

const MAX_LINKS = 40;

/**
 * Replaces the contents of a file atomically and durably: other processes, and the disk after a power failure, have
 * either the old or the new contents. If `path` is a symbolic link, its target is replaced.
 * @throws the error of the file system; the old contents are then unchanged and no temporary file remains
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

/** Resolves symbolic links. Unlike `realpath`, it accepts a target that does not exist yet. */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < MAX_LINKS; links += 1) {
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

/** Like `followLinks`, but returns the path itself if its links form a circle. */
export async function resolveLinks(path: string): Promise<string> {
  return followLinks(path).catch(() => resolve(path));
}

/** Whether a path does not exist. A path that cannot be accessed is not considered missing. */
export async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** Makes a rename or a new file in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, "r");
  } catch {
    // The folder is writable but not readable. The rename itself is done.
    return;
  }
  try {
    await handle.sync();
  } catch {
    // Some network file systems cannot sync a folder. The rename itself is done.
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
      // A single `write` may be incomplete.
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
