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
import { NotReady, useVm } from "./use-vm.ts";

/** One VM's life under its reservation. */
export interface Rental {
  readonly label: string;
  /**
   * From the create to the last pass. Rejects only for what ends the sweep too: a token that is refused, a newer owner.
   */
  use(): Promise<RentalEnd>;
  /**
   * Destroys whatever `use` has left, until the proof that it is gone; nothing, where it is held for a user.
   * @returns "unconfirmed" once the sweep's patience is over. @throws FencedError
   */
  destroy(): Promise<"gone" | "unconfirmed">;
}

export type RentalEnd =
  | { readonly kind: "ended" }
  | Exclude<CreateEnd, { readonly kind: "created" }>
  /** The VM did not come up. `stage` is `booting`, `connecting`, `setup at driver` ... */
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
    // The reaper knows no other clock.
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

/** The rental of a VM that a former owner of the run has left alive, under its reservation. */
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
  let reason = "all of it is measured";
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
      return error instanceof NotReady ? { kind: "not_ready", stage: error.stage, reason } : ENDED;
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

/** Always, and never cut by the signal that ended the rental. */
async function destroy(
  label: string,
  reason: string,
  { ports, settings, patience }: SweepContext,
): Promise<"gone" | "unconfirmed"> {
  const { cloud, journal, ownership, clock, onAlarm, random } = ports;
  const rental = currentRental(label, ports);
  if (rental.stage === "settled") return "gone";
  const teardown = { cloud, journal, ownership, clock, onAlarm, random };
  const proved = new AbortController();
  clock.sleep(settings.destroyPatienceMs, proved.signal).then(
    () => onAlarm({ kind: "unconfirmed", label, message: "it is still being destroyed" }),
    () => undefined,
  );
  try {
    return await destroyRental({ ...teardown, rental, reason, patience: patience.expired() });
  } finally {
    proved.abort();
  }
}
