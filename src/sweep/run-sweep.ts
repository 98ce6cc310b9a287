import PQueue from "p-queue";
import type { Estimate, PlannedRental } from "../estimate/estimate.ts";
import { foldRun, isHeld } from "../run-state/fold-run.ts";
import { admits, foldLedger } from "../run-state/ledger.ts";
import type { Ledger } from "../run-state/run-state.ts";
import { errorText } from "../support/errors.ts";
import type { MicroUsd } from "../support/money.ts";
import { formatUsd } from "../support/money.ts";
import { createPatience } from "../teardown/patience.ts";
import { reconcileAfterClockJump } from "./clock-jump.ts";
import { checkOffers } from "./check-offers.ts";
import { createDeadlines } from "./deadlines.ts";
import { closeFirewall, openFirewall } from "./firewall.ts";
import type { SshKey, SweepPorts } from "./ports.ts";
import type { Reusable } from "./rental/find-reusable.ts";
import { rent, reuse } from "./rental/rent.ts";
import type { Rental } from "./rental/rent.ts";
import type { RentContext } from "./rental/rent-context.ts";
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
 * Executes an estimate: every rental is admitted by the ledger, used, destroyed and proved gone. All that happens is
 * in the journal; nothing is returned. What is not proved gone when patience ends is still open there, for the guard.
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
        await notStarted(planned, errorText(stop.reason), given);
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
  const unproved = new Set<string>();
  const patience = createPatience(clock, settings.destroyPatienceMs);
  try {
    const firewallId = await openFirewall(estimate, ports, settings, stop);
    const context = { deadlines, firewallId, clientKey, ports, settings, unproved, patience };
    await admitAll(estimate.rentals, reusable, context, stop, (error) => {
      ownStop.abort(error);
    });
  } catch (error) {
    // Nothing was admitted: the firewall could not be opened, or the user did not wait for it.
    for (const planned of estimate.rentals) await notStarted(planned, errorText(error), given);
    if (!signal.aborted) throw error;
  } finally {
    watchEnd.abort();
    await watching;
    // It protects what is held, and what is not proved gone.
    const isNeeded = unproved.size > 0 || (settings.leaveHeld && isHeld(foldRun(journal.events())));
    if (!isNeeded) await closeFirewall(ports, settings, patience);
    patience.stop();
  }
  if (ownStop.signal.aborted) throw ownStop.signal.reason;
}

/** Admits rentals in order as lanes and money allow; returns when all have ended or none can begin any more. */
async function admitAll(
  rentals: readonly PlannedRental[],
  reusable: readonly Reusable[],
  context: RentContext,
  stop: AbortSignal,
  end: (error: unknown) => void,
): Promise<void> {
  const { ports, settings, unproved, patience } = context;
  // Never given the signal: `onIdle` would resolve while a job is still using its VM.
  const lanes = new PQueue({ concurrency: settings.concurrency });
  const running = new Set<Promise<void>>();
  const waiting = [...rentals];
  const refusals = new Map<number, string[]>();
  const told = new Set<number>();

  const waitIfIdle = (): void => {
    if (unproved.size > 0 && unproved.size === running.size) patience.start();
  };
  const destroy = async (rental: Rental): Promise<void> => {
    unproved.add(rental.label);
    waitIfIdle();
    if ((await rental.destroy()) === "gone") unproved.delete(rental.label);
  };
  const begin = (planned: PlannedRental, rental: Rental): void => {
    remove(waiting, planned);
    const ended: Promise<void> = lanes
      .add(async () => rental.use())
      .then((result) => {
        if (result.kind === "ended") return;
        refusals.set(planned.seq, [
          ...(refusals.get(planned.seq) ?? []),
          `${result.region}: ${result.reason}`,
        ]);
        const regions = planned.regions.filter(({ region }) => region !== result.region);
        waiting.unshift({ ...planned, regions });
      })
      .catch(end)
      .then(() => destroy(rental))
      .catch(end)
      .finally(() => {
        running.delete(ended);
        waitIfIdle();
      });
    running.add(ended);
  };
  const start = async (planned: PlannedRental): Promise<void> => {
    const offers = await checkOffers(planned, ports, settings, stop);
    if (offers instanceof Error) {
      remove(waiting, planned);
      await notStarted(
        planned,
        [...(refusals.get(planned.seq) ?? []), offers.message].join("; "),
        ports,
      );
      return;
    }
    const [offer] = offers;
    if (unproved.size > 0) return;
    const needed = offer.hourly * planned.reservedHours;
    if (!fitsNow(needed, ports, settings)) {
      if (told.has(planned.seq)) return;
      told.add(planned.seq);
      const { seq: rental, gpuId: gpu } = planned;
      await ports.journal.append({ type: "entry.waiting", rental, gpu, needed_micro_usd: needed });
      return;
    }
    begin(planned, await rent(planned, offer, context, stop));
  };

  // They are paid for already: first of all.
  for (const each of reusable) begin(each.planned, reuse(each, context, stop));
  try {
    while (waiting.length > 0 && !stop.aborted) {
      for (const planned of waiting.slice()) {
        if (running.size >= settings.concurrency || unproved.size > 0 || stop.aborted) break;
        patience.stop();
        await start(planned);
      }
      if (running.size > 0) await Promise.race(running);
      else if (unproved.size > 0 || waiting.every(({ seq }) => told.has(seq))) break;
    }
  } catch (error) {
    if (!stop.aborted) end(error);
  }
  await Promise.all(running);
  await lanes.onIdle();
  for (const planned of waiting)
    await notStarted(planned, whyNotStarted(planned, stop, context), ports);
}

function remove(waiting: PlannedRental[], planned: PlannedRental): void {
  waiting.splice(waiting.indexOf(planned), 1);
}

/** Would this reservation pass no cap, counted with all that is spent, reserved and unresolved? */
function fitsNow(needed: MicroUsd, ports: SweepPorts, settings: SweepSettings): boolean {
  const ledger = foldLedger(foldRun(ports.journal.events()), ports.clock.now());
  if (!admits(ledger, needed)) return false;
  if (settings.monthlyCap === undefined) return true;
  return monthUsed(ledger, settings) + needed <= settings.monthlyCap;
}

/** What all runs of the state folder have spent and reserved in this month. */
function monthUsed(ledger: Ledger, { monthSpentElsewhere }: SweepSettings): MicroUsd {
  return monthSpentElsewhere + ledger.spentMicroUsd + ledger.reservedMicroUsd;
}

function whyNotStarted(
  planned: PlannedRental,
  stop: AbortSignal,
  { ports, settings, unproved }: RentContext,
): string {
  if (stop.aborted) return errorText(stop.reason);
  if (unproved.size > 0)
    return `${[...unproved].join(", ")} is not proved gone; nothing new is created until then`;
  const ledger = foldLedger(foldRun(ports.journal.events()), ports.clock.now());
  const needed = Math.max(...planned.regions.map(({ hourly }) => hourly)) * planned.reservedHours;
  if (settings.monthlyCap !== undefined && admits(ledger, needed)) {
    return `budget: it needs ${formatUsd(needed)}, ${formatUsd(monthUsed(ledger, settings))} of monthly_cap ${formatUsd(settings.monthlyCap)} are spent or reserved`;
  }
  return `budget: it needs ${formatUsd(needed)}, ${formatUsd(ledger.leftMicroUsd)} are left of ${formatUsd(settings.cap)}`;
}

async function notStarted(
  planned: PlannedRental,
  reason: string,
  ports: SweepPorts,
): Promise<void> {
  const models = planned.configurations.map(({ model }) => model.id);
  await ports.journal.append({
    type: "entry.not_started",
    rental: planned.seq,
    gpu: planned.gpuId,
    models,
    reason,
  });
}
