import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { open, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** An owner whose process cannot be seen from here counts as dead when it has not renewed its lease for so long. */
export const LEASE_SECONDS = 120;
export const RENEW_MS = 20_000;

/**
 * Renews a lease by the modification time of its file, until it is stopped. Nothing in the file changes, so it also
 * works on a full disk; a file that is gone has a newer owner.
 */
export function keepLease(path: string, renewMs: number): { stop(): void } {
  const timer = setInterval(() => {
    renew(path).catch(() => undefined);
  }, renewMs);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** The first byte of a JSON object, written over itself. */
async function renew(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.write("{", 0);
  } finally {
    await handle.close();
  }
}

/** When the lease was renewed last, milliseconds since the epoch by the file system's clock; 0 when it is gone. */
export function renewedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The clock that leases are stamped with, which is not ours on a network file system; ours where it takes no file. */
export async function fileSystemTime(folder: string): Promise<number> {
  const path = join(folder, `.${randomUUID()}`);
  try {
    await writeFile(path, "", { flag: "wx", mode: 0o600 });
    return (await stat(path)).mtimeMs;
  } catch {
    return Date.now();
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
