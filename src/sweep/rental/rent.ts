import { apiNow } from "../../teardown/api-time.ts";
import type { PlannedRental, RegionOffer } from "../../estimate/estimate.ts";
import { makeVmLabel } from "../../journal/label.ts";
import { isoUtc } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";
import { destroyAndProve } from "../../teardown/destroy-rental.ts";
import { createVm, currentRental, isFatal, type CreateEnd } from "./create-vm.ts";
import { giveUp } from "./give-up.ts";
import type { Reusable } from "./find-reusable.ts";
import { holdFailed } from "./hold-failed.ts";
import type { RentContext } from "./rent-context.ts";
import { serveAndHold } from "./serve-and-hold.ts";
import { NotReady, useVm } from "./use-vm.ts";
import type { RentedVm } from "./rented-vm.ts";
import { vmEventFields } from "../../teardown/find-vm.ts";

export type RentalEnd =
  | { readonly kind: "ended" }
  | Exclude<CreateEnd, { readonly kind: "created" }>
  /** The VM did not come up. */
  | { readonly kind: "not_ready"; readonly stage: string; readonly reason: string };

/** A rental under its reservation. */
export interface Rental {
  readonly label: string;
  /**
   * From the create to the last pass. Rejects only for what ends the sweep too: a token that is refused, a newer owner.
   */
  use(): Promise<RentalEnd>;
  /**
   * Destroys whatever `use` has left, until the proof that it is gone; nothing, where it is held for a user.
   * @returns "unproved" once the sweep's patience is over. @throws FencedError
   */
  destroy(): Promise<"gone" | "unproved">;
}

/** Reserves a rental in the ledger. */
export async function rent(
  planned: PlannedRental,
  offer: RegionOffer,
  context: RentContext,
  stop: AbortSignal,
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
  return rentalOf(planned, { label, deadlineMs }, context, stop, (signal) =>
    createVm(planned, offer, label, hostKey, context, signal),
  );
}

/** The rental of a VM that a former owner of the run has left alive, under its reservation. */
export function reuse(
  { planned, rental, vm, serverMayRun }: Reusable,
  context: RentContext,
  stop: AbortSignal,
): Rental {
  const { label, deadlineMs } = rental;
  const { journal, clock } = context.ports;
  return rentalOf(planned, rental, context, stop, async () => {
    const ipv4 = vm.ipv4 ?? rental.ipv4 ?? "";
    if (rental.vmId === undefined)
      await journal.append({ type: "create.adopted", ...vmEventFields(vm) });
    const minutes = Math.floor((deadlineMs - clock.now()) / 60_000);
    await journal.append({ type: "rental.reused", label, minutes_left: minutes });
    const { region, priceMicroUsd, hostKey } = rental;
    const rented = { label, vmId: vm.id, ipv4, region, priceMicroUsd, hostKey, serverMayRun };
    return { kind: "created", vm: rented };
  });
}

function rentalOf(
  planned: PlannedRental,
  { label, deadlineMs }: { readonly label: string; readonly deadlineMs: number },
  context: RentContext,
  stop: AbortSignal,
  create: (signal: AbortSignal) => Promise<CreateEnd>,
): Rental {
  const { clientKey, ports, settings } = context;
  let reason = "all of it is measured";
  let held = false;
  const use = async (): Promise<RentalEnd> => {
    const signal = AbortSignal.any([stop, context.deadlines.open(label, deadlineMs)]);
    let vm: RentedVm | undefined;
    const lookAt = async (failure: string): Promise<void> => {
      if (vm === undefined) return;
      await holdFailed(vm, failure, deadlineMs, clientKey, ports, settings, signal);
    };
    try {
      const created = await create(signal);
      if (created.kind !== "created") return created;
      ({ vm } = created);
      if (settings.leaveHeld) {
        held = await serveAndHold(vm, planned, deadlineMs, clientKey, ports, settings, signal);
        if (held) return { kind: "ended" };
      }
      const failed = settings.leaveHeld
        ? planned.configurations.map(({ model }) => model.id)
        : await useVm(vm, planned, clientKey, ports, settings, signal);
      if (failed.length > 0) {
        reason = `failed: ${failed.join(", ")}`;
        await lookAt(reason);
      }
    } catch (error) {
      reason = errorText(signal.aborted ? signal.reason : error);
      if (vm === undefined) await giveUp(label, planned, planned.configurations, reason, ports);
      if (isFatal(error)) throw error;
      await lookAt(reason);
      if (error instanceof NotReady) return { kind: "not_ready", stage: error.stage, reason };
    } finally {
      context.deadlines.close(label);
    }
    return { kind: "ended" };
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
  { ports, settings, patience }: RentContext,
): Promise<"gone" | "unproved"> {
  const { cloud, journal, ownership, clock, onAlarm, random } = ports;
  const rental = currentRental(label, ports);
  if (rental.stage === "settled") return "gone";
  const teardown = { cloud, journal, ownership, clock, onAlarm, random };
  const proved = new AbortController();
  clock.sleep(settings.destroyPatienceMs, proved.signal).then(
    () => onAlarm({ kind: "unproved", label, message: "it is still being destroyed" }),
    () => undefined,
  );
  try {
    return await destroyAndProve({ ...teardown, rental, reason, patience: patience.over() });
  } finally {
    proved.abort();
  }
}
