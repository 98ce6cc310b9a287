import type { RentalState } from "../run-state/run-state.ts";
import { currentRental } from "./settle.ts";
import { note, type TeardownPorts } from "./teardown-ports.ts";

/**
 * Books what a VM costs whose reservation the journal has lost: by its type, as the API's own list has it. It runs
 * beside the DELETE, and what the API does not tell keeps no VM alive. Never rejects.
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
    await note(ports, {
      type: "create.adopted",
      label,
      vm_id: vmId,
      ipv4: ipv4 ?? "",
      gpu: what.type,
      region: what.region,
      price_micro_usd: row.byRegion.get(what.region) ?? row.hourly,
    });
  } catch {
    // Whoever destroys meets the same error, and knows what to make of it.
  }
}
