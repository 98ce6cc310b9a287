import { CloudError, TEMPORARY_KINDS } from "../../cloud/cloud.ts";
import type { CreateVm } from "../../cloud/cloud.ts";
import type { RegionOffer } from "../../estimate/estimate.ts";
import { tagsOf } from "../../journal/label.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import type { RentalState } from "../../run-state/run-state.ts";
import { resolveCreate } from "../../teardown/resolve-create.ts";
import { apiTimeField } from "../../teardown/api-time.ts";
import { failRental } from "./fail-rental.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import { vmEventFields } from "../../teardown/find-vm.ts";

const IMAGE = "linode/ubuntu24.04";

export type CreateEnd =
  | { readonly kind: "created"; readonly vm: RentedVm }
  // In the other cases there is no VM, and the reservation is released.
  | { readonly kind: "no_stock"; readonly region: string; readonly reason: string }
  /** The create failed for a transient reason. */
  | { readonly kind: "not_created"; readonly reason: string }
  | { readonly kind: "refused"; readonly error: CloudError };

/** Creates the VM of a reservation. If the create was not answered, finds out whether the VM exists. */
export async function createVm(
  offer: RegionOffer,
  hostKey: SshKey,
  scope: RentalScope,
): Promise<CreateEnd> {
  const { label, planned, ports, settings, firewall, clientKey, signal } = scope;
  const { cloud, journal, ownership } = ports;
  const image = planned.configurations[0]?.engine.image ?? "";
  const request: CreateVm = {
    label,
    type: planned.gpuId,
    region: offer.region,
    image: IMAGE,
    rootPassword: ports.password(),
    authorizedKeys: [clientKey.publicLine],
    userData: ports.machines.userData({ hostKey, image }),
    firewallId: firewall.id,
    tags: tagsOf(settings.run),
  };
  await ports.guard.ensure();
  signal.throwIfAborted();
  const intent = { label, gpu: planned.gpuId, region: offer.region, price_micro_usd: offer.hourly };
  await journal.append({ type: "create.intended", ...intent });
  signal.throwIfAborted();
  await journal.append({ type: "create.sent", label, ...apiTimeField(ports) });
  ownership.assertCurrent();
  const rented = (vm: { readonly id: number; readonly ipv4: string | undefined }): CreateEnd => ({
    kind: "created",
    vm: {
      vmId: vm.id,
      ipv4: vm.ipv4 ?? "",
      region: offer.region,
      priceMicroUsd: offer.hourly,
      hostKey: hostKey.publicWire,
      serverMayBeRunning: false,
    },
  });
  let failure: unknown;
  try {
    const vm = await cloud.createVm(request);
    await journal.append({ type: "create.acknowledged", ...vmEventFields(vm) });
    return rented(vm);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    failure = error;
  }
  const rental = currentRental(label, ports);
  const outcome = await resolveCreate({ ...ports, rental, error: failure, request }, signal);
  if (outcome.outcome === "created") return rented(outcome.vm);
  const { error, reason } = outcome;
  if (error?.kind === "no_capacity") return { kind: "no_stock", region: offer.region, reason };
  if (error !== undefined && isFatal(error)) throw error;
  await failRental(label, `it could not be created: ${reason}`, ports);
  return error === undefined || TEMPORARY_KINDS.has(error.kind)
    ? { kind: "not_created", reason }
    : { kind: "refused", error };
}

export function currentRental(label: string, ports: SweepPorts): RentalState {
  const rental = foldRun(ports.journal.events()).rentals.get(label);
  if (rental === undefined) throw new Error(`${label} is not in its own journal`);
  return rental;
}

/** Whether an error would affect all other rentals as well. */
export function isFatal(error: unknown): boolean {
  if (error instanceof CloudError) return error.kind === "token" || error.kind === "scope";
  return error instanceof Error && (error.name === "FencedError" || error.name === "JournalError");
}
