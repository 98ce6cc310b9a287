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
 * The hours of a rental that Linode bills, by our meter, or by the API's clock where those are more: from the sending
 * of the create, which is never later than the VM's birth (which counts where the journal has lost it), to the proof
 * that it is gone, which is never earlier than its end. A create whose outcome is not known yet counts as running. One
 * that was proved absent costs nothing, unless its expiry had passed by then: a reaper may have ended what nobody had
 * heard of; or unless its owner had fallen silent before another one came: with a full disk it may have ended what the
 * journal does not know. Should a lost create arrive after all once its successor is gone, each of the two VMs counts
 * for the whole time.
 */
export function hoursOf(rental: RentalState, nowMs: number): number {
  if (rental.settled !== undefined) return rental.settled.hours;
  if (rental.createSentMs === undefined && rental.vmId === undefined) return 0;
  const { goneMs, inDoubt } = rental;
  const hasExpired =
    (goneMs ?? 0) >= rental.expiresMs || (rental.goneByTheApiMs ?? 0) >= rental.expiresByTheApiMs;
  const neverWas = rental.vmId === undefined && !inDoubt && !hasExpired;
  if (goneMs !== undefined && neverWas) return 0;
  const from = rental.createSentMs ?? rental.createdMs ?? rental.sinceMs;
  const hours = billedHours(from, Math.max(from, goneMs ?? nowMs));
  const each = Math.max(hours, hoursByTheApi(rental));
  const known = each * Math.max(1, rental.vms);
  // A second VM comes only where the first one went early: together they are no more than what was reserved.
  const doubted = inDoubt ? Math.min(each * rental.creates, rental.reservedHours) : 0;
  return Math.max(known, doubted);
}

/** The bill goes by the API's clock: ours may have been set back meanwhile. */
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
