import { CloudError, type CloudVm, REFUSED_KINDS } from "../cloud/cloud.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { raceAbort } from "../support/race-abort.ts";
import { confirmDeleted } from "./confirm-deleted.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import { mayExist, vmEventFields } from "./find-vm.ts";
import { lookUpCreate } from "./look-up-create.ts";
import { PatienceExceeded, waitLimit } from "./patience.ts";
import { backOff, retryMs } from "./retry.ts";
import { backfillPrice, currentRental, settleRental } from "./settle-rental.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

export interface DestroyRental extends TeardownPorts {
  readonly rental: RentalState;
  readonly reason: string;
  /** Aborts with `PatienceExceeded`; undefined means to continue until the deletion is confirmed. */
  readonly patience?: AbortSignal | undefined;
}

/**
 * Deletes the VM of a rental and settles the rental. DELETE is sent at once and repeated until `confirmDeleted` finds
 * nothing under the run's own account; an API error never counts as deleted.
 * @returns "unconfirmed" if patience ended first; the rental then remains open
 * @throws FencedError when another process has taken ownership
 */
export async function destroyRental(options: DestroyRental): Promise<"gone" | "unconfirmed"> {
  const { label } = options.rental;
  if (!mayExist(currentRental(options.rental, options), options)) {
    await settleRental(options.rental, options);
    return "gone";
  }
  await appendBestEffort(options, { type: "destroy.intended", label, reason: options.reason });
  try {
    await deleteUntilConfirmed(options, waitLimit(options, options.patience));
  } catch (error) {
    if (error instanceof PatienceExceeded) return "unconfirmed";
    throw error;
  }
  await settleRental(options.rental, options);
  return "gone";
}

async function deleteUntilConfirmed(options: DestroyRental, signal: AbortSignal): Promise<void> {
  const { label } = options.rental;
  const rental = currentRental(options.rental, options);
  let vmId = rental.vmId ?? options.rental.vmId;
  let announced: number | undefined;
  let priced: Promise<void> | undefined;
  for (let attempt = 0; ; attempt += 1) {
    try {
      vmId ??= await findVm(rental, options, signal);
      if (vmId === undefined) return;
      if (announced !== vmId)
        await appendBestEffort(options, { type: "destroy.sent", label, vm_id: vmId });
      announced = vmId;
      priced ??= backfillPrice(vmId, rental, options, signal);
      options.ownership.assertCurrent();
      const failure = await deleteOnce(vmId, options, signal);
      if (failure !== undefined && !mayBeDeletedAnyway(failure)) throw failure;
      const existing = await confirmDeleted(vmId, rental, options, signal);
      if (existing === undefined) return await priced;
      if (existing.id !== vmId) vmId = await adopt(existing, options);
      if (failure !== undefined) throw failure;
      await options.clock.sleep(retryMs(Math.min(attempt, 3), options), signal);
    } catch (error) {
      await backOff(error, attempt, label, options, signal);
    }
  }
}

/** @returns the error, if the request failed */
async function deleteOnce(
  vmId: number,
  { cloud }: DestroyRental,
  signal: AbortSignal,
): Promise<Error | undefined> {
  try {
    await raceAbort(cloud.deleteVm(vmId), signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return error as Error;
  }
}

/** Someone else may have deleted the VM when the token is read-only or the VM is busy. */
function mayBeDeletedAnyway(failure: Error): boolean {
  if (!(failure instanceof CloudError)) return false;
  return REFUSED_KINDS.has(failure.kind) || failure.kind === "busy";
}

/** The VM of a create without an answer. */
async function findVm(
  rental: RentalState,
  options: DestroyRental,
  signal: AbortSignal,
): Promise<number | undefined> {
  const vm = await lookUpCreate(rental, { refusal: undefined }, options, signal);
  return vm === undefined ? undefined : adopt(vm, options);
}

async function adopt(vm: CloudVm, options: DestroyRental): Promise<number> {
  await appendBestEffort(options, { type: "create.adopted", ...vmEventFields(vm) });
  return vm.id;
}
