import { randomUUID } from "node:crypto";
import { link, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, thisProcess, type ProcessIdentity } from "../../lock/process-identity.ts";

interface Owner {
  readonly process: ProcessIdentity;
  readonly released: boolean;
}

/** A holder that shows no progress for so long is asleep or gone; real time, for it is real processes that wait. */
const PATIENCE_MS = 30_000;

/**
 * Lets one of our processes at a time change `file`. Each owner has a numbered file beside it, taken with `link`,
 * which fails when the name exists. The highest number is never deleted, so that nobody who looked earlier can
 * take a number that was in use before: an unlinked lock file has two owners in one round of three.
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
    if (highest > 0 && waitedMs < PATIENCE_MS && (await isHeld(path(highest)))) {
      const pause = 5 + Math.random() * 25;
      waitedMs += pause;
      await sleep(pause);
      continue;
    }
    const mine = highest + 1;
    if (!(await take(folder, path(mine)))) continue;
    // Somebody may have taken and given back this very number and gone on to the next one.
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
