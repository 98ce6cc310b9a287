import { foldRun } from "../run-state/fold-run.ts";
import { hoursOf } from "../run-state/ledger.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { usd } from "../support/money.ts";
import { apiTimeField } from "./api-time.ts";
import { appendBestEffort, flushPending } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** The rental's current state in the journal, or the caller's if it is not in the journal. */
export function currentRental(rental: RentalState, ports: TeardownPorts): RentalState {
  return foldRun(ports.journal.events()).rentals.get(rental.label) ?? rental;
}

/**
 * Settles a rental whose VM is confirmed deleted or was never created: records its end, then its cost. If the end cannot
 * be written, other events may be missing too, so the cost is not known and the rental remains open.
 */
export async function settleRental(rental: RentalState, ports: TeardownPorts): Promise<void> {
  const { label } = rental;
  await flushPending(ports);
  if (currentRental(rental, ports).goneMs === undefined) {
    await appendBestEffort(ports, { type: "rental.gone", label, ...apiTimeField(ports) });
  }
  const current = currentRental(rental, ports);
  const { goneMs } = current;
  if (goneMs === undefined) return;
  const hours = hoursOf(current, goneMs);
  const micros = hours * current.priceMicroUsd;
  await appendBestEffort(ports, {
    type: "rental.settled",
    label,
    hours,
    micro_usd: micros,
    usd: usd(micros),
  });
}

/**
 * Looks up the price of a VM whose reservation is missing from the journal. It runs in parallel to the DELETE and never
 * rejects, so that a missing price cannot delay the deletion.
 */
export async function backfillPrice(
  vmId: number,
  rental: RentalState,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<void> {
  const { label, gpu, region, ipv4, priceMicroUsd } = currentRental(rental, ports);
  if (priceMicroUsd > 0) return;
  try {
    const what = gpu === "" ? await ports.cloud.getVm(vmId, signal) : { type: gpu, region };
    const row = (await ports.cloud.prices(signal)).find(({ id }) => id === what?.type);
    if (what === undefined || row === undefined) return;
    await appendBestEffort(ports, {
      type: "create.adopted",
      label,
      vm_id: vmId,
      ipv4: ipv4 ?? "",
      gpu: what.type,
      region: what.region,
      price_micro_usd: row.byRegion.get(what.region) ?? row.hourly,
    });
  } catch {
    // The DELETE fails with the same error and handles it.
  }
}
