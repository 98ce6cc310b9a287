import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { link, mkdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { sleepReal } from "../support/clock.ts";
import { syncFolder, writeFileAtomically } from "../support/safe-file.ts";
import type { Ownership } from "../journal/events.ts";
import { FencedError, LockError } from "../journal/journal-errors.ts";
import { fileSystemTime, keepLease, LEASE_SECONDS, RENEW_MS, renewedMs } from "./lease.ts";
import { isAlive, isVisible, thisProcess, type ProcessIdentity } from "./process-identity.ts";

export type OwnerRole = "sweep" | "resume" | "recover" | "guard" | "down";

/** Who holds, or held, a state folder. */
export interface Owner {
  readonly gen: number;
  readonly run: string;
  readonly role: OwnerRole;
  readonly since: string;
  readonly released: boolean;
  readonly process: ProcessIdentity;
  /** How long it counts as alive, after it was renewed last, where its process cannot be seen; version 0.1 has none. */
  readonly leaseSeconds?: number | undefined;
}

export interface OwnershipRequest {
  readonly run: string;
  readonly role: OwnerRole;
  /** ISO 8601, for people. */
  readonly since: string;
  /** Another process than this one; for tests. */
  readonly pid?: number;
  /** The generation that may be superseded although its process lives: a guard's own parent. */
  readonly replaces?: number | undefined;
  /** Called when an expired lease is looked at for the second time, which takes half a minute. */
  readonly onWait?: ((text: string) => void) | undefined;
}

/** Real milliseconds. */
export interface LeaseTimes {
  readonly renewMs: number;
  /** An expired lease must not have been renewed this much later either: its owner may just be waking up. */
  readonly confirmMs: number;
}

export interface HeldOwnership extends Ownership {
  /** Lets the next one in without waiting for this process to end. */
  release(): Promise<void>;
}

const ATTEMPTS = 50;
const LEASE_TIMES: LeaseTimes = { renewMs: RENEW_MS, confirmMs: RENEW_MS + 5_000 };

/**
 * Becomes the owner of a state folder: the next generation file, made by hard link, which succeeds for exactly one
 * process. The generation is the fencing token. @throws SweepError exit 7 that names the living owner, LockError when
 * the disk takes no file.
 */
export async function takeOwnership(
  stateDir: string,
  request: OwnershipRequest,
  times: LeaseTimes = LEASE_TIMES,
): Promise<HeldOwnership> {
  try {
    return await takeNext(stateDir, request, times);
  } catch (error) {
    throw error instanceof SweepError ? error : new LockError(stateDir, errorText(error));
  }
}

async function takeNext(
  stateDir: string,
  request: OwnershipRequest,
  times: LeaseTimes,
): Promise<HeldOwnership> {
  const folder = lockFolder(stateDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identity = thisProcess(request.pid ?? process.pid);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const owner = readOwner(stateDir);
    if (owner !== undefined && !yieldsTo(request, owner)) {
      if (await isSurelyAlive(owner, folder, request, times)) throw lockedBy(owner, stateDir);
      if (newestGeneration(folder) > owner.gen) continue;
    }
    // The successor of the owner that was judged, and of no other.
    const gen = (owner?.gen ?? 0) + 1;
    const mine: Owner = {
      gen,
      run: request.run,
      role: request.role,
      since: request.since,
      released: false,
      process: identity,
      leaseSeconds: LEASE_SECONDS,
    };
    if (await claim(folder, mine)) return held(folder, mine, times.renewMs);
  }
  throw new SweepError(`no generation of ${folder} could be taken`, {
    exitCode: ExitCode.locked,
    reason: "other processes were faster every time",
    hint: "maider-sweep status shows who owns the state folder",
  });
}

/**
 * A guard gives way to a person who does its work: its token may have been revoked. A new sweep waits for it, for
 * nobody would destroy in the meantime what only the guard's token can.
 */
function yieldsTo({ role, replaces }: OwnershipRequest, owner: Owner): boolean {
  if (owner.gen === replaces) return true;
  const here = owner.process.host === hostname();
  return owner.role === "guard" && here && role !== "guard" && role !== "sweep";
}

/** The newest owner, alive or not. */
export function readOwner(stateDir: string): Owner | undefined {
  const folder = lockFolder(stateDir);
  for (;;) {
    const gen = newestGeneration(folder);
    if (gen === 0) return undefined;
    try {
      return parseOwner(readFileSync(generationFile(folder, gen), "utf8"), gen);
    } catch (error) {
      // Taken away by the owner of a newer one, since the folder was read.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

function roleOf(folder: string, gen: number): OwnerRole | undefined {
  try {
    return parseOwner(readFileSync(generationFile(folder, gen), "utf8"), gen).role;
  } catch {
    return undefined;
  }
}

/** A file that the disk garbled counts as that of an owner who let go. */
function parseOwner(text: string, gen: number): Owner {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    const process = { pid: 0, started: "", boot: "", namespace: "", host: "" };
    return { gen, run: "", role: "sweep", since: "", released: true, process };
  }
}

/** The owner, if its process lives and it has not let go. */
export function currentOwner(stateDir: string): Owner | undefined {
  const owner = readOwner(stateDir);
  return owner !== undefined && mayBeAlive(owner, lockFolder(stateDir), Date.now())
    ? owner
    : undefined;
}

async function claim(folder: string, mine: Owner): Promise<boolean> {
  const temporary = join(folder, `.${randomUUID()}`);
  try {
    await writeFileAtomically(temporary, JSON.stringify(mine));
    // The compare-and-swap: a name can be linked once.
    await link(temporary, generationFile(folder, mine.gen));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  // Only who owns a newer one may take an older one away; the last but one stays for people to read.
  for (const gen of generations(folder)) {
    if (gen < mine.gen - 1) await rm(generationFile(folder, gen), { force: true });
  }
  return true;
}

function held(folder: string, mine: Owner, renewMs: number): HeldOwnership {
  const path = generationFile(folder, mine.gen);
  const lease = keepLease(path, renewMs);
  return {
    gen: mine.gen,
    assertCurrent: () => {
      const newest = newestGeneration(folder);
      if (newest > mine.gen) throw new FencedError(mine.gen, newest, roleOf(folder, newest));
    },
    release: async () => {
      lease.stop();
      const now = await readFile(path, "utf8").catch(() => "");
      if (now === JSON.stringify(mine)) {
        // A disk that takes nothing keeps the lock for the rest of our life, which is short.
        await writeFileAtomically(path, JSON.stringify({ ...mine, released: true })).catch(
          () => undefined,
        );
      }
    },
  };
}

/** Of an expired lease only a second look is believed, by the clock of the file system. */
async function isSurelyAlive(
  owner: Owner,
  folder: string,
  { onWait }: OwnershipRequest,
  { confirmMs }: LeaseTimes,
): Promise<boolean> {
  if (owner.released || !dependsOnLease(owner)) return mayBeAlive(owner, folder, Date.now());
  const path = generationFile(folder, owner.gen);
  const before = renewedMs(path);
  if (mayBeAlive(owner, folder, await fileSystemTime(folder))) return true;
  onWait?.(
    `process ${String(owner.process.pid)} on ${owner.process.host} has not renewed its lock of ${folder} for ${String(LEASE_SECONDS / 60)} minutes; taking it over if it stays silent`,
  );
  await sleepReal(confirmMs);
  return renewedMs(path) !== before;
}

/** Is the lease all that tells whether it lives? */
function dependsOnLease({ process, leaseSeconds }: Owner): boolean {
  return leaseSeconds !== undefined && !isVisible(process) && isAlive(process);
}

function mayBeAlive(owner: Owner, folder: string, nowMs: number): boolean {
  if (owner.released || !isAlive(owner.process)) return false;
  if (!dependsOnLease(owner)) return true;
  return nowMs - renewedMs(generationFile(folder, owner.gen)) < (owner.leaseSeconds ?? 0) * 1_000;
}

function lockedBy(owner: Owner, stateDir: string): SweepError {
  const { process, run, role, since } = owner;
  const elsewhere = isVisible(process) ? "" : ` on ${process.host}`;
  const working = role === "recover" || role === "down";
  const ends = working
    ? "it destroys what is left and then lets go: wait for it"
    : `maider-sweep stop ${run} ends it`;
  const of = run === role ? "" : ` of run ${run}`;
  return new SweepError(`another ${working ? role : "sweep"} holds the state folder`, {
    exitCode: ExitCode.locked,
    reason: `process ${String(process.pid)}${elsewhere} (${role}${of}) has owned ${stateDir} since ${since}`,
    hint:
      elsewhere === ""
        ? `${ends}; --state-dir names another folder`
        : owner.leaseSeconds === undefined
          ? `when that machine surely does not run it any more, remove ${lockFolder(stateDir)}`
          : `if that process no longer runs, the lock expires within ${String(owner.leaseSeconds / 60)} minutes; try again then`,
  });
}

function lockFolder(stateDir: string): string {
  return join(stateDir, "lock");
}

function generationFile(folder: string, gen: number): string {
  return join(folder, `g.${String(gen)}`);
}

function newestGeneration(folder: string): number {
  return Math.max(0, ...generations(folder));
}

/** A folder that cannot be read shows no newer generation: that must not stop an owner from destroying. */
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
