import { randomUUID } from "node:crypto";
import { link, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, thisProcess, type ProcessIdentity } from "../../lock/process-identity.ts";

interface Owner {
  readonly process: ProcessIdentity;
  readonly released: boolean;
}

/** After this time an owner is assumed to hang, and is ignored. Real time, not the run's clock. */
const TIMEOUT_MS = 30_000;

/**
 * Runs `work` while holding a lock on `file` that excludes our other processes. Each owner creates a numbered file with
 * `link`, which fails if it exists. The highest number is never deleted, so that a process with an outdated listing
 * cannot reuse a number: with a single lock file that is unlinked, one attempt in three had two owners.
 */
export async function withWriterLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const release = await acquire(file);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(file: string): Promise<() => Promise<void>> {
  const folder = dirname(file);
  const prefix = `.${basename(file)}.writer-`;
  const path = (generation: number): string => join(folder, `${prefix}${generation}`);
  let waitedFor = 0;
  let waitedMs = 0;
  for (;;) {
    const generations = await list(folder, prefix);
    const highest = generations.at(-1) ?? 0;
    if (waitedFor !== highest) waitedMs = 0;
    waitedFor = highest;
    if (highest > 0 && waitedMs < TIMEOUT_MS && (await isHeld(path(highest)))) {
      const pause = 5 + Math.random() * 25;
      waitedMs += pause;
      await sleep(pause);
      continue;
    }
    const mine = highest + 1;
    if (!(await take(folder, path(mine)))) continue;
    // Another process may have taken and released this number, and moved on to the next.
    const newest = (await list(folder, prefix)).at(-1);
    if (newest !== mine) {
      await rm(path(mine), { force: true });
      continue;
    }
    for (const old of generations) await rm(path(old), { force: true });
    return () => put(folder, path(mine), true);
  }
}

async function list(folder: string, prefix: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter(Number.isSafeInteger)
    .toSorted((a, b) => a - b);
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Owner;
    return !owner.released && isAlive(owner.process);
  } catch {
    return false;
  }
}

async function take(folder: string, path: string): Promise<boolean> {
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  await writeFile(temporary, text(false), { mode: 0o600, flag: "wx" });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function put(folder: string, path: string, released: boolean): Promise<void> {
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  await writeFile(temporary, text(released), { mode: 0o600, flag: "wx" });
  await rename(temporary, path);
}

function text(released: boolean): string {
  return JSON.stringify({ process: thisProcess(process.pid), released } satisfies Owner);
}
