import type { Estimate } from "../estimate/estimate.ts";
import { foldRun, isHeld } from "../run-state/fold-run.ts";
import { errorText } from "../support/errors.ts";
import { createPatience } from "../teardown/patience.ts";
import { admitRentals } from "./admission.ts";
import { recordNotStarted } from "./admission-queue.ts";
import { reconcileAfterClockJump } from "./clock-jump.ts";
import { createDeadlines } from "./deadlines.ts";
import { closeFirewall, openFirewall, type Firewall } from "./firewall.ts";
import type { SshKey, SweepPorts } from "./ports.ts";
import type { Reusable } from "./rental/find-reusable.ts";
import type { SweepSettings } from "./settings.ts";

/** What a sweep is to do. */
export interface SweepWork {
  readonly estimate: Estimate;
  /** Opens every VM of the run. */
  readonly clientKey: SshKey;
  /** VMs that an earlier owner has left alive, each for one of the estimate's rentals. */
  readonly reusable: readonly Reusable[];
}

/**
 * Executes an estimate: every rental is admitted by the ledger, used, destroyed and confirmed deleted. All that happens is
 * in the journal; nothing is returned. What is not confirmed deleted when patience ends is still open there, for the guard.
 * @throws what ended the sweep early, once everything is destroyed: CloudError for a token that is refused,
 * FencedError for a newer owner, JournalError for a disk that takes nothing.
 */
export async function runSweep(
  { estimate, clientKey, reusable }: SweepWork,
  given: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<void> {
  const { clock, journal } = given;
  for (const skip of estimate.skipped) await journal.append({ type: "entry.skipped", ...skip });
  const ownStop = new AbortController();
  const stop = AbortSignal.any([signal, ownStop.signal]);
  const tellStop = (): Promise<unknown> =>
    journal.append({ type: "run.stopping", reason: errorText(stop.reason) }).catch(() => undefined);
  if (stop.aborted) {
    await tellStop();
    if (foldRun(journal.events()).firewall === undefined) {
      for (const planned of estimate.rentals)
        await recordNotStarted(planned, errorText(stop.reason), given);
      return;
    }
  }
  stop.addEventListener("abort", () => void tellStop());
  const watchEnd = new AbortController();
  const deadlines = createDeadlines(clock, (milliseconds) => {
    void journal.append({ type: "clock.jumped", milliseconds }).catch(() => undefined);
    void reconcileAfterClockJump(ports, deadlines, watchEnd.signal).catch((error: unknown) => {
      ownStop.abort(error);
    });
  });
  const ports = { ...given, nextJump: () => deadlines.nextJump() };
  const watching = deadlines.watch(watchEnd.signal);
  const unconfirmed = new Set<string>();
  const patience = createPatience(clock, settings.destroyPatienceMs);
  let firewall: Firewall | undefined;
  let halted: Error | undefined;
  try {
    try {
      firewall = await openFirewall(estimate, ports, settings, stop);
    } catch (error) {
      for (const planned of estimate.rentals)
        await recordNotStarted(planned, errorText(error), given);
      if (!signal.aborted) throw error;
    }
    if (firewall !== undefined) {
      const shared = {
        ports,
        settings,
        clientKey,
        firewall,
        deadlines,
        stop,
        unconfirmed,
        patience,
      };
      halted = await admitRentals(estimate.rentals, reusable, shared, (error) => {
        ownStop.abort(error);
      });
    }
  } finally {
    watchEnd.abort();
    await watching;
    // It protects what is held, and what is not confirmed deleted.
    const isNeeded =
      unconfirmed.size > 0 || (settings.leaveHeld && isHeld(foldRun(journal.events())));
    if (!isNeeded) await closeFirewall(ports, settings, patience);
    patience.stop();
  }
  if (ownStop.signal.aborted) throw ownStop.signal.reason;
  if (halted !== undefined && !signal.aborted) throw halted;
}
