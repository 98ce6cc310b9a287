import type { PlannedRental, RegionOffer } from "../../estimate/estimate.ts";
import { makeVmLabel } from "../../journal/label.ts";
import { isoUtc } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";
import { apiNow } from "../../teardown/api-time.ts";
import { destroyRental } from "../../teardown/destroy-rental.ts";
import { vmEventFields } from "../../teardown/find-vm.ts";
import { createVm, currentRental, isFatal, type CreateEnd } from "./create-vm.ts";
import type { Reusable } from "./find-reusable.ts";
import { failConfigurations } from "./fail-rental.ts";
import { keepFailedVm } from "./hold-vm.ts";
import type { RentalScope, RentedVm, SweepContext } from "./rental-scope.ts";
import { VmNotReady, useVm } from "./use-vm.ts";

/** One VM with its reservation. */
export interface Rental {
  readonly label: string;
  /**
   * Creates the VM and runs all its passes.
   * @throws only errors that end the sweep as well, such as a refused token or a newer owner
   */
  use(): Promise<RentalEnd>;
  /**
   * Destroys the VM and waits until it is confirmed deleted, unless it is held for a user.
   * @returns "unconfirmed" if the sweep's patience ends first
   * @throws FencedError
   */
  destroy(): Promise<"gone" | "unconfirmed">;
}

export type RentalEnd =
  | { readonly kind: "ended" }
  | Exclude<CreateEnd, { readonly kind: "created" }>
  /** The VM did not become ready. `stage` is `booting`, `connecting`, `setup at driver` ... */
  | { readonly kind: "not_ready"; readonly stage: string; readonly reason: string };

const ENDED: RentalEnd = { kind: "ended" };

/** Reserves a rental in the ledger. */
export async function reserveRental(
  planned: PlannedRental,
  offer: RegionOffer,
  context: SweepContext,
): Promise<Rental> {
  const { ports, settings } = context;
  const { clock, journal } = ports;
  const now = clock.now();
  const deadlineMs = now + planned.deadlineMinutes * 60_000;
  const reservedMs = planned.reservedHours * 3_600_000;
  const label = makeVmLabel({
    run: settings.run,
    seq: planned.seq,
    nonce: ports.nonce(4),
    // The reaper compares expiries with the API's clock.
    expiresMs: apiNow(ports) + reservedMs,
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
    expires: isoUtc(now + reservedMs),
    host_key: hostKey.publicWire,
  });
  return createRental({ label, planned, deadlineMs }, context, (scope) =>
    createVm(offer, hostKey, scope),
  );
}

/** The rental of a running VM of a former owner, with its existing reservation. */
export function reuseRental(reusable: Reusable, context: SweepContext): Rental {
  const { planned, rental, vm, serverMayBeRunning } = reusable;
  const { label, deadlineMs, region, priceMicroUsd, hostKey } = rental;
  return createRental({ label, planned, deadlineMs }, context, async ({ ports }) => {
    const { clock, journal } = ports;
    if (rental.vmId === undefined)
      await journal.append({ type: "create.adopted", ...vmEventFields(vm) });
    const minutes = Math.floor((deadlineMs - clock.now()) / 60_000);
    await journal.append({ type: "rental.reused", label, minutes_left: minutes });
    const ipv4 = vm.ipv4 ?? rental.ipv4 ?? "";
    return {
      kind: "created",
      vm: { vmId: vm.id, ipv4, region, priceMicroUsd, hostKey, serverMayBeRunning },
    };
  });
}

function createRental(
  own: Pick<RentalScope, "label" | "planned" | "deadlineMs">,
  context: SweepContext,
  create: (scope: RentalScope) => Promise<CreateEnd>,
): Rental {
  const { label, planned, deadlineMs } = own;
  const { deadlines, ports, stop } = context;
  let reason = "everything is measured";
  let held = false;
  const use = async (): Promise<RentalEnd> => {
    const signal = AbortSignal.any([stop, deadlines.open(label, deadlineMs)]);
    const scope = { ...context, ...own, signal };
    let vm: RentedVm | undefined;
    try {
      const created = await create(scope);
      if (created.kind !== "created") return created;
      ({ vm } = created);
      const work = await useVm(vm, scope);
      held = work === "held";
      if (work === "held" || work.length === 0) return ENDED;
      reason = `failed: ${work.join(", ")}`;
      await keepFailedVm(vm, reason, scope);
      return ENDED;
    } catch (error) {
      reason = errorText(signal.aborted ? signal.reason : error);
      if (vm === undefined)
        await failConfigurations(label, planned, planned.configurations, reason, ports);
      if (isFatal(error)) throw error;
      if (vm !== undefined) await keepFailedVm(vm, reason, scope);
      return error instanceof VmNotReady
        ? { kind: "not_ready", stage: error.stage, reason }
        : ENDED;
    } finally {
      deadlines.close(label);
    }
  };
  return {
    label,
    use,
    destroy: async () => (held ? "gone" : destroy(label, reason, context)),
  };
}

/** Ignores the rental's signal: a VM is destroyed however its rental ended. */
async function destroy(
  label: string,
  reason: string,
  { ports, settings, patience }: SweepContext,
): Promise<"gone" | "unconfirmed"> {
  const { cloud, journal, ownership, clock, onAlarm, random } = ports;
  const rental = currentRental(label, ports);
  if (rental.stage === "settled") return "gone";
  const teardown = { cloud, journal, ownership, clock, onAlarm, random };
  const done = new AbortController();
  clock.sleep(settings.destroyPatienceMs, done.signal).then(
    () => onAlarm({ kind: "unconfirmed", label, message: "it is still being destroyed" }),
    () => undefined,
  );
  try {
    return await destroyRental({ ...teardown, rental, reason, patience: patience.expired() });
  } finally {
    done.abort();
  }
}
