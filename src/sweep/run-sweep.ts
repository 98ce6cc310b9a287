import PQueue from "p-queue";
import type { Estimate, PlannedRental } from "../estimate/estimate.ts";
import { foldRun, isHeld } from "../run-state/fold-run.ts";
import { admits, foldLedger } from "../run-state/ledger.ts";
import type { Ledger } from "../run-state/run-state.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import { errorText } from "../support/errors.ts";
import type { MicroUsd } from "../support/money.ts";
import { formatUsd } from "../support/money.ts";
import { reconcileAfterClockJump } from "./clock-jump.ts";
import { checkOffers } from "./check-offers.ts";
import { createDeadlines } from "./deadlines.ts";
import { closeFirewall, openFirewall } from "./firewall.ts";
import type { SshKey, SweepPorts } from "./ports.ts";
import type { Reusable } from "./rental/find-reusable.ts";
import { rent, reuse } from "./rental/rent.ts";
import type { RentalEnd } from "./rental/rent.ts";
import type { RentContext } from "./rental/rent-context.ts";
import type { SweepSettings } from "./settings.ts";

/** What a sweep is to do. */
export interface SweepWork {
  readonly estimate: Estimate;
  /** Passes of a configuration that an earlier owner of the run has recorded. */
  readonly passesDone: (configuration: Configuration) => number;
  /** Opens every VM of the run. */
  readonly clientKey: SshKey;
  /** VMs that an earlier owner has left alive, each for one of the estimate's rentals. */
  readonly reusable: readonly Reusable[];
}

/**
 * Executes an estimate: every rental is admitted by the ledger, used, destroyed and proved gone. All that happens is
 * in the journal; nothing is returned. @throws what ended the sweep early, once everything is destroyed: CloudError
 * for a token that is refused, FencedError for a newer owner, JournalError for a disk that takes nothing.
 */
export async function runSweep(
  { estimate, passesDone, clientKey, reusable }: SweepWork,
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
  try {
    const context = {
      deadlines,
      firewallId: await openFirewall(estimate, ports, settings),
      clientKey,
      passesDone,
      ports,
      settings,
    };
    await admitAll(estimate.rentals, reusable, context, stop, (error) => {
      ownStop.abort(error);
    });
  } finally {
    watchEnd.abort();
    await watching;
    // What is held still stands behind it.
    if (!(settings.leaveHeld && isHeld(foldRun(journal.events()))))
      await closeFirewall(ports, settings);
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
  const { ports, settings } = context;
  // Never given the signal: `onIdle` would resolve while a job is still destroying its VM.
  const lanes = new PQueue({ concurrency: settings.concurrency });
  const running = new Set<Promise<void>>();
  const waiting = [...rentals];
  const refusals = new Map<number, string[]>();
  const told = new Set<number>();

  const begin = (planned: PlannedRental, job: () => Promise<RentalEnd>): void => {
    remove(waiting, planned);
    const ended: Promise<void> = lanes
      .add(job)
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
      .finally(() => running.delete(ended));
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
        if (running.size >= settings.concurrency || stop.aborted) break;
        await start(planned);
      }
      if (running.size > 0) await Promise.race(running);
      else if (waiting.every(({ seq }) => told.has(seq))) break;
    }
  } catch (error) {
    if (!stop.aborted) end(error);
  }
  await Promise.all(running);
  await lanes.onIdle();
  for (const planned of waiting)
    await notStarted(planned, whyNotStarted(planned, stop, ports, settings), ports);
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
  ports: SweepPorts,
  settings: SweepSettings,
): string {
  if (stop.aborted) return errorText(stop.reason);
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
