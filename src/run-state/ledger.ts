import { billedHours, type MicroUsd } from "../support/money.ts";
import type { Ledger, RentalState, RunState } from "./run-state.ts";

/** The ledger of one run at a given time. */
export function foldLedger(state: RunState, nowMs: number): Ledger {
  return ledgerOf([...state.rentals.values()], state.opened?.cap_micro_usd ?? 0, nowMs);
}

/**
 * The ledger of the current month (UTC) over all runs of a state folder. It excludes rentals that were deleted before
 * the month began; one that was deleted later counts in full.
 */
export function foldMonth(
  states: Iterable<RunState>,
  capMicroUsd: MicroUsd,
  nowMs: number,
): Ledger {
  const now = new Date(nowMs);
  const sinceMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  return ledgerOf(rentalsSince(states, sinceMs), capMicroUsd, nowMs);
}

/** Whether this amount can be reserved. */
export function admits(ledger: Ledger, needed: MicroUsd): boolean {
  return needed <= ledger.leftMicroUsd;
}

/**
 * An upper bound of the hours that Linode bills for a rental: from sending the create request to confirming the
 * deletion, by our clock or the API's, whichever is more. If two VMs had the same label, each counts for the entire
 * time. A rental that never had a VM costs nothing, and an unresolved one at least its reservation.
 */
export function hoursOf(rental: RentalState, nowMs: number): number {
  const { createdMs, createSentMs, goneMs, settled, vmId, vms } = rental;
  if (settled !== undefined) return settled.hours;
  if (createSentMs === undefined && vmId === undefined) return 0;
  const unresolved = isUnresolved(rental);
  if (goneMs !== undefined && vmId === undefined && !unresolved) return 0;
  const from = createSentMs ?? createdMs ?? rental.sinceMs;
  const hours = billedHours(from, Math.max(from, goneMs ?? nowMs));
  const total = Math.max(hours, hoursByApiClock(rental)) * Math.max(1, vms);
  return unresolved ? Math.max(total, rental.reservedHours) : total;
}

/**
 * Whether a deleted rental may have had a VM that is not in the journal, because an earlier owner found and destroyed it
 * while its disk was full, or a reaper destroyed it after the expiry.
 */
function isUnresolved({ goneMs, ...rental }: RentalState): boolean {
  if (goneMs === undefined || rental.vms >= rental.creates) return false;
  const hasExpired =
    goneMs >= rental.expiresMs || (rental.goneByApiClockMs ?? 0) >= rental.expiresByApiClockMs;
  return hasExpired || rental.goneBy !== rental.createSentBy;
}

/** Linode bills by the API's clock. Our clock may have been changed meanwhile. */
function hoursByApiClock(rental: RentalState): number {
  const { createdMs, createSentByApiClockMs, goneByApiClockMs } = rental;
  const from = createdMs ?? createSentByApiClockMs;
  if (from === undefined || goneByApiClockMs === undefined) return 0;
  return billedHours(from, Math.max(from, goneByApiClockMs));
}

/** The cost of a rental, based on `hoursOf`. */
export function costOf(rental: RentalState, nowMs: number): MicroUsd {
  return rental.settled?.microUsd ?? hoursOf(rental, nowMs) * rental.priceMicroUsd;
}

function ledgerOf(rentals: readonly RentalState[], capMicroUsd: MicroUsd, nowMs: number): Ledger {
  let spentMicroUsd = 0;
  let reservedMicroUsd = 0;
  for (const rental of rentals) {
    const cost = costOf(rental, nowMs);
    spentMicroUsd += cost;
    if (rental.settled === undefined && rental.goneMs === undefined) {
      reservedMicroUsd += Math.max(0, rental.reservedMicroUsd - cost);
    }
  }
  const leftMicroUsd = capMicroUsd - spentMicroUsd - reservedMicroUsd;
  return { capMicroUsd, spentMicroUsd, reservedMicroUsd, leftMicroUsd };
}

function rentalsSince(states: Iterable<RunState>, sinceMs: number): readonly RentalState[] {
  return [...states].flatMap((state) =>
    [...state.rentals.values()].filter((rental) => (rental.goneMs ?? Infinity) >= sinceMs),
  );
}
