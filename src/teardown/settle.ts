import { foldRun } from "../run-state/fold-run.ts";
import { hoursOf } from "../run-state/ledger.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { usd } from "../support/money.ts";
import { byTheApi } from "./api-time.ts";
import { note, flushPending, type TeardownPorts } from "./teardown-ports.ts";

/** The newest that the journal knows of a rental; what the caller knew where the journal has lost it. */
export function currentRental(rental: RentalState, ports: TeardownPorts): RentalState {
  return foldRun(ports.journal.events()).rentals.get(rental.label) ?? rental;
}

/**
 * Closes a rental that is proved gone, or never was: its end, then its bill by our meter. A disk that does not take
 * the end may lack what the bill is made of, too: then it stays open.
 */
export async function settleRental(rental: RentalState, ports: TeardownPorts): Promise<void> {
  const { label } = rental;
  await flushPending(ports);
  if (currentRental(rental, ports).goneMs === undefined) {
    await note(ports, { type: "rental.gone", label, ...byTheApi(ports) });
  }
  const current = currentRental(rental, ports);
  const { goneMs } = current;
  if (goneMs === undefined) return;
  const hours = hoursOf(current, goneMs);
  const micros = hours * current.priceMicroUsd;
  await note(ports, {
    type: "rental.settled",
    label,
    hours,
    micro_usd: micros,
    usd: usd(micros),
  });
}
