import { CloudError } from "../cloud/cloud.ts";
import type { CreateVm } from "../cloud/cloud.ts";
import type { PlannedRental, RegionOffer } from "../estimate/estimate.ts";
import { foldRun } from "../journal/fold-run.ts";
import { makeVmLabel } from "../journal/label.ts";
import type { RentalState } from "../journal/run-state.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import { isoUtc } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { destroyAndProve } from "../teardown/destroy-rental.ts";
import { resolveCreate } from "../teardown/resolve-create.ts";
import type { Deadlines } from "./deadlines.ts";
import { giveUp } from "./give-up.ts";
import type { Reusable } from "./find-reusable.ts";
import { holdFailed } from "./hold-failed.ts";
import type { SshKey, SweepPorts } from "./ports.ts";
import { useVm } from "./use-vm.ts";
import type { RentedVm } from "./rented-vm.ts";
import type { SweepSettings } from "./settings.ts";

export interface RentContext {
  readonly deadlines: Deadlines;
  readonly firewallId: number;
  readonly clientKey: SshKey;
  readonly passesDone: (configuration: Configuration) => number;
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
}

export type RentalEnd =
  | { readonly kind: "ended" }
  /** The region has none just now: nothing was created, the reservation is free again. */
  | { readonly kind: "no_stock"; readonly region: string; readonly reason: string };

const IMAGE = "linode/ubuntu24.04";

/**
 * Reserves a rental in the ledger; the returned job is its whole life, from the create to the proof that it is gone.
 * The job rejects only for what ends the sweep too: a token that is refused, a newer owner.
 */
export async function rent(
  planned: PlannedRental,
  offer: RegionOffer,
  context: RentContext,
  stop: AbortSignal,
): Promise<() => Promise<RentalEnd>> {
  const { ports, settings } = context;
  const { clock, journal } = ports;
  const now = clock.now();
  const deadlineMs = now + planned.deadlineMinutes * 60_000;
  const expiresMs = now + planned.reservedHours * 3_600_000;
  const label = makeVmLabel({
    run: settings.run,
    seq: planned.seq,
    nonce: ports.nonce(4),
    expiresMs,
  });
  const hostKey = ports.machines.newKey(label);
  await journal.append({
    type: "rental.reserved",
    label,
    rental: planned.seq,
    gpu: planned.gpuId,
    region: offer.region,
    models: planned.configurations.map(({ model }) => model.id),
    price_micro_usd: offer.hourly,
    hours: planned.reservedHours,
    micro_usd: offer.hourly * planned.reservedHours,
    deadline: isoUtc(deadlineMs),
    expires: isoUtc(expiresMs),
    host_key: hostKey.publicWire,
  });
  return lifeOf(planned, { label, deadlineMs }, context, stop, (signal) =>
    createVm(planned, offer, label, hostKey, context, signal),
  );
}

/** The rest of the life of a VM that a former owner of the run has left alive, under its reservation. */
export function reuse(
  { planned, rental, vm, serverMayRun }: Reusable,
  context: RentContext,
  stop: AbortSignal,
): () => Promise<RentalEnd> {
  const { label, deadlineMs } = rental;
  const { journal, clock } = context.ports;
  return lifeOf(planned, rental, context, stop, async () => {
    const ipv4 = vm.ipv4 ?? rental.ipv4 ?? "";
    if (rental.vmId === undefined)
      await journal.append({ type: "create.adopted", label, vm_id: vm.id, ipv4 });
    const minutes = Math.floor((deadlineMs - clock.now()) / 60_000);
    await journal.append({ type: "rental.reused", label, minutes_left: minutes });
    const { region, priceMicroUsd, hostKey } = rental;
    const rented = { label, vmId: vm.id, ipv4, region, priceMicroUsd, hostKey, serverMayRun };
    return { kind: "created", vm: rented };
  });
}

/** A rental from its VM's creation to the proof that it is gone. */
function lifeOf(
  planned: PlannedRental,
  { label, deadlineMs }: { readonly label: string; readonly deadlineMs: number },
  context: RentContext,
  stop: AbortSignal,
  create: (signal: AbortSignal) => Promise<CreateEnd>,
): () => Promise<RentalEnd> {
  const { clientKey, passesDone, ports, settings } = context;
  return async () => {
    const signal = AbortSignal.any([stop, context.deadlines.open(label, deadlineMs)]);
    let reason = "all of it is measured";
    let vm: RentedVm | undefined;
    const lookAt = async (failure: string): Promise<void> => {
      if (vm === undefined) return;
      await holdFailed(vm, failure, deadlineMs, clientKey, ports, settings, signal);
    };
    try {
      const created = await create(signal);
      if (created.kind === "no_stock") return created;
      if (created.kind === "absent") return { kind: "ended" };
      ({ vm } = created);
      const failed = await useVm(vm, planned, clientKey, passesDone, ports, settings, signal);
      if (failed.length > 0) {
        reason = `failed: ${failed.join(", ")}`;
        await lookAt(reason);
      }
    } catch (error) {
      reason = errorText(signal.aborted ? signal.reason : error);
      if (vm === undefined) await giveUp(label, planned, planned.configurations, reason, ports);
      if (isFatal(error)) throw error;
      await lookAt(reason);
    } finally {
      context.deadlines.close(label);
      await destroy(label, reason, context);
    }
    return { kind: "ended" };
  };
}

type CreateEnd =
  | { readonly kind: "created"; readonly vm: RentedVm }
  | { readonly kind: "absent" }
  | Extract<RentalEnd, { readonly kind: "no_stock" }>;

async function createVm(
  planned: PlannedRental,
  offer: RegionOffer,
  label: string,
  hostKey: SshKey,
  context: RentContext,
  signal: AbortSignal,
): Promise<CreateEnd> {
  const { ports, settings, firewallId, clientKey } = context;
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
    firewallId,
    tags: ["maider-sweep", `mds-run-${settings.run}`],
  };
  await ports.guard.ensure();
  signal.throwIfAborted();
  const intent = { label, gpu: planned.gpuId, region: offer.region, price_micro_usd: offer.hourly };
  await journal.append({ type: "create.intended", ...intent });
  signal.throwIfAborted();
  await journal.append({ type: "create.sent", label });
  ownership.assertCurrent();
  const rented = (vm: { readonly id: number; readonly ipv4: string | undefined }): CreateEnd => ({
    kind: "created",
    vm: {
      label,
      vmId: vm.id,
      ipv4: vm.ipv4 ?? "",
      region: offer.region,
      priceMicroUsd: offer.hourly,
      hostKey: hostKey.publicWire,
      serverMayRun: false,
    },
  });
  let failure: unknown;
  try {
    const vm = await cloud.createVm(request);
    await journal.append({ type: "create.acknowledged", label, vm_id: vm.id, ipv4: vm.ipv4 ?? "" });
    return rented(vm);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    failure = error;
  }
  const rental = currentRental(label, ports);
  const outcome = await resolveCreate(
    { cloud, journal, ownership, clock: ports.clock, rental, error: failure, request },
    signal,
  );
  if (outcome.outcome === "created") return rented(outcome.vm);
  if (outcome.error?.kind === "no_capacity") {
    return { kind: "no_stock", region: offer.region, reason: outcome.reason };
  }
  await giveUp(
    label,
    planned,
    planned.configurations,
    `it could not be created: ${outcome.reason}`,
    ports,
  );
  if (outcome.error !== undefined && isFatal(outcome.error)) throw outcome.error;
  return { kind: "absent" };
}

/** Always, and with a patience of its own: the signal that ended the rental must not end its destruction. */
async function destroy(label: string, reason: string, context: RentContext): Promise<void> {
  const { cloud, journal, ownership, clock } = context.ports;
  const rental = currentRental(label, context.ports);
  if (rental.stage === "settled") return;
  await destroyAndProve({
    cloud,
    journal,
    ownership,
    clock,
    rental,
    reason,
    patienceMs: context.settings.destroyPatienceMs,
    onAlarm: context.ports.onAlarm,
  });
}

function currentRental(label: string, ports: SweepPorts): RentalState {
  const rental = foldRun(ports.journal.events()).rentals.get(label);
  if (rental === undefined) throw new Error(`${label} is not in its own journal`);
  return rental;
}

/** What no other rental would fare better with. */
export function isFatal(error: unknown): boolean {
  if (error instanceof CloudError) return error.kind === "token" || error.kind === "scope";
  return error instanceof Error && (error.name === "FencedError" || error.name === "JournalError");
}
