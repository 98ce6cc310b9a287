import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { link, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, writeFileAtomically } from "../support/safe-file.ts";
import type { ProcessIdentity } from "./process-identity.ts";

// A lock is a folder with one file per owner, `g.1`, `g.2` and so on. The newest file names the current owner.

export type OwnerRole = "sweep" | "resume" | "recover" | "guard" | "down";

/** The process that owns, or owned, a state folder. */
export interface Owner {
  readonly gen: number;
  readonly run: string;
  readonly role: OwnerRole;
  readonly since: string;
  readonly released: boolean;
  readonly process: ProcessIdentity;
  /** How long the lease is valid if the process cannot be seen from here; version 0.1 has none. */
  readonly leaseSeconds?: number | undefined;
}

/** The newest owner, whether or not its process is running. */
export function readOwner(stateDir: string): Owner | undefined {
  const folder = lockFolder(stateDir);
  for (;;) {
    const gen = newestGeneration(folder);
    if (gen === 0) return undefined;
    try {
      return parseOwner(readFileSync(generationFile(folder, gen), "utf8"), gen);
    } catch (error) {
      // A newer owner has deleted the file since the folder was read.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** A damaged file counts as that of an owner that has released the lock. */
function parseOwner(text: string, gen: number): Owner {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    const process = { pid: 0, started: "", boot: "", namespace: "", host: "" };
    return { gen, run: "", role: "sweep", since: "", released: true, process };
  }
}

export function roleOf(folder: string, gen: number): OwnerRole | undefined {
  try {
    return parseOwner(readFileSync(generationFile(folder, gen), "utf8"), gen).role;
  } catch {
    return undefined;
  }
}

/** Creates the file of a generation. @returns false if another process has already created it */
export async function claim(folder: string, mine: Owner): Promise<boolean> {
  const temporary = join(folder, `.${randomUUID()}`);
  try {
    await writeFileAtomically(temporary, JSON.stringify(mine));
    // A hard link fails if the name exists, so exactly one process succeeds.
    await link(temporary, generationFile(folder, mine.gen));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  // Only the newest owner deletes older files; the previous one is kept for inspection.
  for (const gen of generations(folder)) {
    if (gen < mine.gen - 1) await rm(generationFile(folder, gen), { force: true });
  }
  return true;
}

export function lockFolder(stateDir: string): string {
  return join(stateDir, "lock");
}

export function generationFile(folder: string, gen: number): string {
  return join(folder, `g.${String(gen)}`);
}

export function newestGeneration(folder: string): number {
  return Math.max(0, ...generations(folder));
}

/** Empty if the folder cannot be read, because that must not prevent an owner from destroying its VMs. */
function generations(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .map((name) => /^g\.([1-9][0-9]*)$/.exec(name)?.[1])
      .filter((gen) => gen !== undefined)
      .map(Number);
  } catch {
    return [];
  }
}
