import { foldRun } from "../journal/fold-run.ts";
import { hoursOf } from "../journal/ledger.ts";
import type { RentalState } from "../journal/run-state.ts";
import { isoUtc } from "../support/clock.ts";
import { usd } from "../support/money.ts";
import { note, type TeardownPorts } from "./teardown-ports.ts";

/** The newest that the journal knows of a rental; what the caller knew where the journal has lost it. */
export function currentRental(rental: RentalState, ports: TeardownPorts): RentalState {
  return foldRun(ports.journal.events()).rentals.get(rental.label) ?? rental;
}

/** Closes a rental that is proved gone, or never was: its end, then its bill by our meter. */
export async function settleRental(rental: RentalState, ports: TeardownPorts): Promise<void> {
  const { label } = rental;
  if (currentRental(rental, ports).goneMs === undefined) {
    const offsetMs = ports.cloud.clockOffsetMs();
    const byTheApi =
      offsetMs === undefined ? {} : { by_the_api: isoUtc(ports.clock.now() + offsetMs) };
    await note(ports, { type: "rental.gone", label, ...byTheApi });
  }
  const current = currentRental(rental, ports);
  const goneMs = current.goneMs ?? ports.clock.now();
  const hours = hoursOf({ ...current, goneMs }, goneMs);
  const micros = hours * current.priceMicroUsd;
  await note(ports, {
    type: "rental.settled",
    label,
    hours,
    micro_usd: micros,
    usd: usd(micros),
  });
}
