import type { Cloud } from "../cloud/cloud.ts";
import { foldRun, isUnsettled, openRentals } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { FencedError } from "../journal/journal-errors.ts";
import type { RentalState, RunState } from "../run-state/run-state.ts";
import { lockHome, runFolder } from "../journal/state-folder.ts";
import { type Clock, isoUtc } from "../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { recoverRun } from "../teardown/recover-run.ts";
import { alarmText } from "../teardown/alarm-text.ts";
import { openJournalOrFallBack, takeOwnershipOrProceed } from "../teardown/degraded-mode.ts";

export interface GuardLoop {
  readonly stateDir: string;
  readonly run: string;
  readonly pid: number;
  /** The parent's generation: it may be taken over although its process may still show. */
  readonly replaces: number;
  /** Virtual milliseconds for which a resume may still find the VMs. */
  readonly holdMs: number;
  readonly cloud: Cloud;
  readonly clock: Clock;
  /** Undefined on a real cloud. */
  readonly worldGone?: (() => Promise<boolean>) | undefined;
  readonly redact?: ((text: string) => string) | undefined;
  readonly log: (text: string) => void;
}

/** A DELETE needs so long before the paid hour ends, with a retry or two. */
const BEFORE_THE_HOUR_MS = 120_000;
const HOUR_MS = 3_600_000;
const LOOK_AGAIN_MS = 5_000;

/**
 * What the guard does once its parent is gone: becomes the owner, destroys everything open, confirms that it is deleted, closes
 * the run. Waits for what is held and, with a hold time, for a resume; holds no lock while it waits. Returns when
 * the run is closed, by whomever, and never before.
 */
export async function guardLoop(options: GuardLoop): Promise<void> {
  const { clock, run, stateDir, log } = options;
  const folder = runFolder(stateDir, run);
  const leftMs = clock.now();
  for (;;) {
    const { events } = readJournal(folder);
    const state = foldRun(events);
    if (state.closed !== undefined && !isUnsettled(state)) return;
    // Whoever has asked for the end does not come back to go on.
    const holdMs = state.stopping === undefined ? options.holdMs : 0;
    const due = dueMs(state, leftMs, holdMs);
    if (due > clock.now() && (await options.worldGone?.()) !== true) {
      await clock.sleep(Math.min(due - clock.now(), pollMs(clock)));
      continue;
    }
    try {
      if (await takeOver(folder, leftMs, { ...options, holdMs })) return;
    } catch (error) {
      // Another owner is at it, or was faster: it does our work, and should it die, we are still here.
      const owned = error instanceof FencedError || isLocked(error);
      log(owned ? `waiting: ${whyOf(error)}` : `failed, trying again: ${whyOf(error)}`);
    }
    await clock.sleep(pollMs(clock));
  }
}

/** @returns true when the run is closed, or all of it is confirmed deleted and the disk just does not take it down. */
async function takeOver(folder: string, leftMs: number, options: GuardLoop): Promise<boolean> {
  const { cloud, clock, log, pid } = options;
  const { redact, replaces, run, stateDir } = options;
  const request = { run, role: "guard", since: isoUtc(clock.now()), pid, replaces } as const;
  const { ownership, locked } = await takeOwnershipOrProceed(lockHome(stateDir, run), request, log);
  const journal = await openJournalOrFallBack(
    { folder, run, ownership, clock, redact },
    locked,
    log,
  );
  try {
    const recovery = await recoverRun({
      folder,
      cloud,
      clock,
      journal,
      ownership,
      by: "guard",
      pid,
      excludeHeld: true,
      exclude: (rental) => dueAt(rental, leftMs, options.holdMs) > clock.now(),
      worldGone: options.worldGone,
      onAlarm: (alarm) => log(alarmText(alarm, "guard")),
    });
    log(`${recovery.outcome}: spared ${recovery.spared.join(", ") || "nothing"}`);
    return recovery.outcome === "closed" || recovery.outcome === "world_ended";
  } finally {
    await journal.close().catch(() => undefined);
    await ownership.release().catch(() => undefined);
  }
}

/** When the first of what is open must go; now, when nothing is and only the end has to be written. */
function dueMs(state: RunState, leftMs: number, holdMs: number): number {
  const open = openRentals(state);
  if (open.length === 0) return leftMs;
  return Math.min(...open.map((rental) => dueAt(rental, leftMs, holdMs)));
}

/**
 * Until its expiry when it is held for a user; else for the hold time, within the paid hour and the deadline, unless
 * it was being destroyed already.
 */
function dueAt(rental: RentalState, leftMs: number, holdMs: number): number {
  if (rental.heldUntilMs !== undefined) return Math.min(rental.heldUntilMs, rental.expiresMs);
  const { createSentMs, deadlineMs, stage } = rental;
  if (holdMs === 0 || createSentMs === undefined || stage === "destroying") return leftMs;
  const paidHours = Math.max(1, Math.ceil((leftMs - createSentMs) / HOUR_MS));
  const hourEndsMs = createSentMs + paidHours * HOUR_MS;
  return Math.min(leftMs + holdMs, deadlineMs, hourEndsMs - BEFORE_THE_HOUR_MS);
}

/** At least as long as the clock's floor: on a fast clock the journal is not read all the time. */
function pollMs(clock: Clock): number {
  return clock.ceiling(LOOK_AGAIN_MS) * clock.speed;
}

function isLocked(error: unknown): boolean {
  return error instanceof SweepError && error.exitCode === ExitCode.locked;
}

function whyOf(error: unknown): string {
  const reason = error instanceof SweepError ? error.reason : undefined;
  return reason === undefined ? errorText(error) : `${errorText(error)}: ${reason}`;
}
