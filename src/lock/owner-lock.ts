import { mkdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { sleepReal } from "../support/clock.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import type { Ownership } from "../journal/events.ts";
import { FencedError, LockError } from "../journal/journal-errors.ts";
import {
  claim,
  generationFile,
  lockFolder,
  newestGeneration,
  readOwner,
  roleOf,
  type Owner,
  type OwnerRole,
} from "./generation-files.ts";
import { fileSystemTime, keepLease, LEASE_SECONDS, RENEW_MS, renewedMs } from "./lease.ts";
import { isAlive, isVisible, thisProcess } from "./process-identity.ts";

export interface OwnershipRequest {
  readonly run: string;
  readonly role: OwnerRole;
  /** ISO 8601, for messages. */
  readonly since: string;
  /** A process other than this one, for tests. */
  readonly pid?: number;
  /** The generation of the guard's parent, which may be taken over even if its process is running. */
  readonly replaces?: number | undefined;
  /** Called before an expired lease is checked again, which takes half a minute. */
  readonly onWait?: ((text: string) => void) | undefined;
}

/** Real milliseconds. */
export interface LeaseTimes {
  readonly renewMs: number;
  /** An expired lease is checked again after this time, because its owner may just have woken up. */
  readonly confirmMs: number;
}

export interface HeldOwnership extends Ownership {
  /** Releases the lock before this process ends. */
  release(): Promise<void>;
}

const ATTEMPTS = 50;
const LEASE_TIMES: LeaseTimes = { renewMs: RENEW_MS, confirmMs: RENEW_MS + 5_000 };

/**
 * Becomes the owner of a state folder by creating its next generation file. The generation is the fencing token.
 * @throws SweepError exit 7 if another process owns the folder, LockError if no file can be written
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
    // If there is a newer owner by now, the claim fails, and the loop checks that owner.
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
    reason: "other processes took the lock first each time",
    hint: "maider-sweep status shows who owns the state folder",
  });
}

/**
 * `recover`, `resume` and `down` may take over from a guard, because they do its work and its token may be revoked. A new
 * sweep may not, because only the guard may have the token for the remaining VMs.
 */
function yieldsTo({ role, replaces }: OwnershipRequest, owner: Owner): boolean {
  if (owner.gen === replaces) return true;
  const isOnThisHost = owner.process.host === hostname();
  return owner.role === "guard" && isOnThisHost && role !== "guard" && role !== "sweep";
}

/** The current owner; undefined if its process has ended or it has released the lock. */
export function currentOwner(stateDir: string): Owner | undefined {
  const owner = readOwner(stateDir);
  return owner !== undefined && mayBeAlive(owner, lockFolder(stateDir), Date.now())
    ? owner
    : undefined;
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
        // If this fails, the lock is released when this process ends, which is soon.
        await writeFileAtomically(path, JSON.stringify({ ...mine, released: true })).catch(
          () => undefined,
        );
      }
    },
  };
}

/** Whether an owner is alive. An expired lease is checked twice, by the file system's clock. */
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
    `process ${String(owner.process.pid)} on ${owner.process.host} has not renewed its lock of ${folder} for ${String(LEASE_SECONDS / 60)} minutes; taking it over unless it renews it`,
  );
  await sleepReal(confirmMs);
  return renewedMs(path) !== before;
}

/** Whether only the lease shows that an owner is alive, because its process cannot be seen from here. */
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
    ? "it destroys the remaining VMs and then releases the lock: wait for it"
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
