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

/** The input of a sweep. */
export interface SweepWork {
  readonly estimate: Estimate;
  /** The SSH key for every VM of the run. */
  readonly clientKey: SshKey;
  /** Running VMs of a former owner, each for one of the estimate's rentals. */
  readonly reusable: readonly Reusable[];
}

/**
 * Executes an estimate: every rental is admitted, used, destroyed and confirmed deleted. The results are in the journal.
 * A VM that is not confirmed deleted when patience ends is still open there, and the guard continues.
 * @throws the error that ended the sweep early, after all VMs are destroyed: CloudError for a refused token, FencedError
 *   for a newer owner, JournalError if the journal cannot be written, SweepError from the circuit breaker
 */
export async function runSweep(
  { estimate, clientKey, reusable }: SweepWork,
  basePorts: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<void> {
  const { clock, journal } = basePorts;
  for (const skip of estimate.skipped) await journal.append({ type: "entry.skipped", ...skip });
  const ownStop = new AbortController();
  const stop = AbortSignal.any([signal, ownStop.signal]);
  const recordStop = (): Promise<unknown> =>
    journal.append({ type: "run.stopping", reason: errorText(stop.reason) }).catch(() => undefined);
  if (stop.aborted) {
    await recordStop();
    if (foldRun(journal.events()).firewall === undefined) {
      for (const planned of estimate.rentals)
        await recordNotStarted(planned, errorText(stop.reason), basePorts);
      return;
    }
  }
  stop.addEventListener("abort", () => void recordStop());
  const watchStop = new AbortController();
  const deadlines = createDeadlines(clock, (milliseconds) => {
    void journal.append({ type: "clock.jumped", milliseconds }).catch(() => undefined);
    void reconcileAfterClockJump(ports, deadlines, watchStop.signal).catch((error: unknown) => {
      ownStop.abort(error);
    });
  });
  const ports = { ...basePorts, nextJump: () => deadlines.nextJump() };
  const watched = deadlines.watch(watchStop.signal);
  const unconfirmed = new Set<string>();
  const patience = createPatience(clock, settings.destroyPatienceMs);
  let firewall: Firewall | undefined;
  let halted: Error | undefined;
  try {
    try {
      firewall = await openFirewall(estimate, ports, settings, stop);
    } catch (error) {
      for (const planned of estimate.rentals)
        await recordNotStarted(planned, errorText(error), basePorts);
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
    watchStop.abort();
    await watched;
    // The firewall protects VMs that are held or not confirmed deleted.
    const isNeeded =
      unconfirmed.size > 0 || (settings.leaveHeld && isHeld(foldRun(journal.events())));
    if (!isNeeded) await closeFirewall(ports, settings, patience);
    patience.stop();
  }
  if (ownStop.signal.aborted) throw ownStop.signal.reason;
  if (halted !== undefined && !signal.aborted) throw halted;
}
