import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { open, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** After this time without renewal, an owner whose process cannot be seen from here counts as ended. */
export const LEASE_SECONDS = 120;
export const RENEW_MS = 20_000;

/**
 * Renews a lease regularly by updating the modification time of its file. The contents do not change, so it works on a
 * full disk as well. A missing file means that there is a newer owner, and is ignored.
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

/** Overwrites the first byte of the JSON object with itself. */
async function renew(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.write("{", 0);
  } finally {
    await handle.close();
  }
}

/** When the lease was last renewed, in milliseconds since the epoch by the file system's clock; 0 if the file is missing. */
export function renewedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The file system's time, which can differ from ours on a network file system; ours if no file can be written. */
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
