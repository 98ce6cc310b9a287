import PQueue from "p-queue";
import { CloudError, TEMPORARY_KINDS } from "../cloud/cloud.ts";
import type { PlannedRental } from "../estimate/estimate.ts";
import { errorText } from "../support/errors.ts";
import { fitsNow, whyNotAffordable } from "./budget.ts";
import { dropEntry, recordNotStarted, takeFromQueue, type Admission } from "./admission-queue.ts";
import { checkOffers } from "./check-offers.ts";
import { createCircuitBreaker } from "./circuit-breaker.ts";
import { handleRentalEnd } from "./handle-rental-end.ts";
import type { Reusable } from "./rental/find-reusable.ts";
import { reserveRental, reuseRental, type Rental } from "./rental/rental.ts";
import type { SweepContext } from "./rental/rental-scope.ts";
import { TIMEOUTS } from "./timeouts.ts";

/**
 * Starts rentals as concurrency, budget and the API allow, and waits until all have ended. VMs in `reusable` come first.
 * @param abort ends the sweep, for example when the token is refused or another process takes ownership
 * @returns why admission ended early, if it did; the remaining entries are journaled as not started
 */
export async function admitRentals(
  rentals: readonly PlannedRental[],
  reusable: readonly Reusable[],
  context: SweepContext,
  abort: (error: unknown) => void,
): Promise<Error | undefined> {
  const { journal } = context.ports;
  const { concurrency } = context.settings;
  const admission: Admission = {
    context,
    abort,
    waiting: [...rentals],
    running: new Set(),
    lanes: new PQueue({ concurrency }),
    breaker: createCircuitBreaker(journal.events().some(({ type }) => type === "machine.ready")),
    refusals: new Map(),
    lostCreates: new Map(),
    shortOfMoney: new Set(),
    limit: concurrency,
    apiDownSinceMs: undefined,
    halted: undefined,
  };
  let onReady = (): void => undefined;
  const unsubscribe = journal.subscribe(({ type }) => {
    if (type !== "machine.ready") return;
    admission.breaker.onReady();
    onReady();
  });
  // Their current hour is already paid for.
  for (const each of reusable) begin(each.planned, reuseRental(each, context), admission);
  try {
    while (isOpen(admission)) {
      await admitNow(admission);
      const ready = new Promise<void>((resolve) => (onReady = resolve));
      if (admission.running.size > 0) await Promise.race([...admission.running, ready]);
      else if (!canBegin(admission)) break;
    }
  } catch (error) {
    if (!context.stop.aborted) abort(error);
  }
  await Promise.all(admission.running);
  await admission.lanes.onIdle();
  unsubscribe();
  for (const planned of admission.waiting)
    await recordNotStarted(planned, whyNotStarted(planned, admission), context.ports);
  return admission.halted;
}

function isOpen({ waiting, context, halted }: Admission): boolean {
  return waiting.length > 0 && !context.stop.aborted && halted === undefined;
}

function isFull(admission: Admission): boolean {
  const { running, breaker, limit, context } = admission;
  const most = breaker.isProbing() ? 1 : limit;
  return running.size >= most || context.unconfirmed.size > 0 || !isOpen(admission);
}

/** Whether, with nothing running, an entry can still start later. */
function canBegin({ waiting, shortOfMoney, context }: Admission): boolean {
  return context.unconfirmed.size === 0 && waiting.some(({ seq }) => !shortOfMoney.has(seq));
}

async function admitNow(admission: Admission): Promise<void> {
  const { waiting, breaker, context } = admission;
  const inOrder = breaker.isProbing()
    ? waiting.toSorted((a, b) => priceOf(a) - priceOf(b))
    : waiting.slice();
  for (const planned of inOrder) {
    if (isFull(admission)) return;
    context.patience.stop();
    try {
      await start(planned, admission);
    } catch (error) {
      if (!(error instanceof CloudError) || !TEMPORARY_KINDS.has(error.kind)) throw error;
      await waitForApi(error, admission);
      return;
    }
  }
}

function priceOf({ regions }: PlannedRental): number {
  return Math.min(...regions.map(({ hourly }) => hourly));
}

/** Reserves and begins a rental for an entry, or drops the entry, or lets it wait for money. @throws CloudError, or the signal's reason */
async function start(planned: PlannedRental, admission: Admission): Promise<void> {
  const { context, refusals, shortOfMoney } = admission;
  const { ports, settings, stop, unconfirmed } = context;
  const offers = await checkOffers(planned, ports, settings, stop);
  await resumeAdmission(admission);
  if (offers instanceof Error) {
    const reasons = [...(refusals.get(planned.seq) ?? []), offers.message];
    return dropEntry(planned, reasons.join("; "), admission);
  }
  const [offer] = offers;
  const needed = offer.hourly * planned.reservedHours;
  const reserve = async (): Promise<Rental | undefined> =>
    unconfirmed.size === 0 && fitsNow(needed, ports, settings)
      ? reserveRental(planned, offer, context)
      : undefined;
  const rental = await (ports.month?.whileReserving(reserve) ?? reserve());
  if (rental !== undefined) {
    begin(planned, rental, admission);
  } else if (unconfirmed.size === 0 && !shortOfMoney.has(planned.seq)) {
    shortOfMoney.add(planned.seq);
    const { seq, gpuId: gpu } = planned;
    await ports.journal.append({
      type: "entry.waiting",
      rental: seq,
      gpu,
      needed_micro_usd: needed,
    });
  }
}

/** An API outage only stops the creation of VMs: running rentals need only SSH. */
async function waitForApi(error: CloudError, admission: Admission): Promise<void> {
  const { clock, journal } = admission.context.ports;
  if (admission.apiDownSinceMs === undefined) {
    admission.apiDownSinceMs = clock.monotonic();
    await journal.append({ type: "admission.paused", reason: errorText(error) });
  }
  const downMs = clock.monotonic() - admission.apiDownSinceMs;
  if (admission.running.size === 0 && downMs >= TIMEOUTS.apiOutageMs) admission.halted = error;
  else await clock.sleep(TIMEOUTS.apiRetryMs, admission.context.stop);
}

async function resumeAdmission(admission: Admission): Promise<void> {
  const { clock, journal } = admission.context.ports;
  if (admission.apiDownSinceMs === undefined) return;
  const seconds = Math.round((clock.monotonic() - admission.apiDownSinceMs) / 1_000);
  admission.apiDownSinceMs = undefined;
  await journal.append({ type: "admission.resumed", seconds });
}

function begin(planned: PlannedRental, rental: Rental, admission: Admission): void {
  const { waiting, running, lanes, abort, context } = admission;
  const { patience, unconfirmed } = context;
  const waitIfIdle = (): void => {
    if (unconfirmed.size > 0 && unconfirmed.size === running.size) patience.start();
  };
  const destroy = async (): Promise<void> => {
    unconfirmed.add(rental.label);
    waitIfIdle();
    if ((await rental.destroy()) === "gone") unconfirmed.delete(rental.label);
  };
  takeFromQueue(waiting, planned);
  const ended: Promise<void> = lanes
    .add(async () => rental.use())
    .then((end) => handleRentalEnd(planned, end, admission))
    .catch(abort)
    .then(destroy)
    .catch(abort)
    .finally(() => {
      running.delete(ended);
      waitIfIdle();
    });
  running.add(ended);
}

function whyNotStarted(planned: PlannedRental, { halted, context }: Admission): string {
  const { ports, settings, stop, unconfirmed } = context;
  if (stop.aborted) return errorText(stop.reason);
  if (halted !== undefined) return errorText(halted);
  if (unconfirmed.size > 0)
    return `${[...unconfirmed].join(", ")} is not confirmed deleted; nothing new is created until then`;
  return whyNotAffordable(planned, ports, settings);
}
