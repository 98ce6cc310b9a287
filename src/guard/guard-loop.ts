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
  /** The parent's generation, which may be taken over even if its process is still visible. */
  readonly replaces: number;
  /** How long to wait for a resume, in milliseconds of the run's clock. */
  readonly holdMs: number;
  readonly cloud: Cloud;
  readonly clock: Clock;
  /** Undefined for a real cloud. */
  readonly worldGone?: (() => Promise<boolean>) | undefined;
  readonly redact?: ((text: string) => string) | undefined;
  readonly log: (text: string) => void;
}

/** How long before the end of a paid hour a VM is destroyed, so that there is time for retries. */
const BEFORE_THE_HOUR_MS = 120_000;
const HOUR_MS = 3_600_000;
const LOOK_AGAIN_MS = 5_000;

/**
 * Runs the guard after its parent has ended: takes ownership, destroys open VMs and closes the run. It first waits for
 * held VMs to expire and, with a hold time, for a resume; it does not hold the lock meanwhile.
 * @returns when the run is closed, by the guard or another process
 */
export async function guardLoop(options: GuardLoop): Promise<void> {
  const { clock, run, stateDir, log } = options;
  const folder = runFolder(stateDir, run);
  const leftMs = clock.now();
  for (;;) {
    const { events } = readJournal(folder);
    const state = foldRun(events);
    if (state.closed !== undefined && !isUnsettled(state)) return;
    // A run that the user has stopped is not resumed at once.
    const holdMs = state.stopping === undefined ? options.holdMs : 0;
    const due = dueMs(state, leftMs, holdMs);
    if (due > clock.now() && (await options.worldGone?.()) !== true) {
      await clock.sleep(Math.min(due - clock.now(), pollMs(clock)));
      continue;
    }
    try {
      if (await takeOver(folder, leftMs, { ...options, holdMs })) return;
    } catch (error) {
      // Another owner does the work; if it crashes, the guard continues.
      const owned = error instanceof FencedError || isLocked(error);
      log(owned ? `waiting: ${whyOf(error)}` : `failed, trying again: ${whyOf(error)}`);
    }
    await clock.sleep(pollMs(clock));
  }
}

/** @returns whether the run is closed, or would be if the journal could be written */
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

/** When the first open VM must be destroyed; at once if there is none and the run only has to be closed. */
function dueMs(state: RunState, leftMs: number, holdMs: number): number {
  const open = openRentals(state);
  if (open.length === 0) return leftMs;
  return Math.min(...open.map((rental) => dueAt(rental, leftMs, holdMs)));
}

/**
 * When a VM must be destroyed: if it is held for a user, at its expiry; otherwise after the hold time, but before the end
 * of the paid hour and the deadline; at once if it was being destroyed.
 */
function dueAt(rental: RentalState, leftMs: number, holdMs: number): number {
  if (rental.heldUntilMs !== undefined) return Math.min(rental.heldUntilMs, rental.expiresMs);
  const { createSentMs, deadlineMs, stage } = rental;
  if (holdMs === 0 || createSentMs === undefined || stage === "destroying") return leftMs;
  const paidHours = Math.max(1, Math.ceil((leftMs - createSentMs) / HOUR_MS));
  const hourEndsMs = createSentMs + paidHours * HOUR_MS;
  return Math.min(leftMs + holdMs, deadlineMs, hourEndsMs - BEFORE_THE_HOUR_MS);
}

/** On a fast clock at least the clock's minimum, so that the journal is not read continuously. */
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
