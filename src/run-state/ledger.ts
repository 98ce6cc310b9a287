import { billedHours, type MicroUsd } from "../support/money.ts";
import type { Ledger, RentalState, RunState } from "./run-state.ts";

/** The money of one run at a moment. */
export function foldLedger(state: RunState, nowMs: number): Ledger {
  return ledgerOf([...state.rentals.values()], state.opened?.cap_micro_usd ?? 0, nowMs);
}

/**
 * The money of a month over all runs of a state folder, against the cap of that month. Runs whose VMs were gone
 * before it began are not in it; one that crosses its beginning is in it whole.
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

/** May so much more be reserved? */
export function admits(ledger: Ledger, needed: MicroUsd): boolean {
  return needed <= ledger.leftMicroUsd;
}

/**
 * The hours of a rental that Linode bills: from the sending of the create, which is never later than the VM's birth, to
 * the proof that it is gone, which is never earlier than its end; by our clock or the API's, whichever gives more. Of
 * two VMs under one label each counts for the whole time. A rental that is confirmed deleted and never had a VM costs
 * nothing; one that is unresolved costs its reservation at least.
 */
export function hoursOf(rental: RentalState, nowMs: number): number {
  const { createdMs, createSentMs, goneMs, settled, vmId, vms } = rental;
  if (settled !== undefined) return settled.hours;
  if (createSentMs === undefined && vmId === undefined) return 0;
  const unresolved = isUnresolved(rental);
  if (goneMs !== undefined && vmId === undefined && !unresolved) return 0;
  const from = createSentMs ?? createdMs ?? rental.sinceMs;
  const hours = billedHours(from, Math.max(from, goneMs ?? nowMs));
  const known = Math.max(hours, hoursByTheApi(rental)) * Math.max(1, vms);
  return unresolved ? Math.max(known, rental.reservedHours) : known;
}

/**
 * Confirmed deleted, but a create of it may have made a VM that the journal does not know: found and destroyed by an earlier
 * owner whose disk was full, or by a reaper after the expiry.
 */
function isUnresolved({ goneMs, ...rental }: RentalState): boolean {
  if (goneMs === undefined || rental.vms >= rental.creates) return false;
  const hasExpired =
    goneMs >= rental.expiresMs || (rental.goneByTheApiMs ?? 0) >= rental.expiresByTheApiMs;
  return hasExpired || rental.goneBy !== rental.createSentBy;
}

/** The bill goes by the API's clock; ours may have been set back in the meantime. */
function hoursByTheApi(rental: RentalState): number {
  const { createdMs, createSentByTheApiMs, goneByTheApiMs } = rental;
  const from = createdMs ?? createSentByTheApiMs;
  if (from === undefined || goneByTheApiMs === undefined) return 0;
  return billedHours(from, Math.max(from, goneByTheApiMs));
}

/** Micro-dollars, by the same meter. */
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
