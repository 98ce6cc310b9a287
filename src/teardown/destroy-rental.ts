import { CloudError, type CloudVm, REFUSED_KINDS } from "../cloud/cloud.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { matchesRequest, findVmByLabel, findIfExists, vmEventFields, mayExist } from "./find-vm.ts";
import { lateCreateUntilMs, LONGEST_WAIT_MS, lookUpCreate } from "./look-up-create.ts";
import { waitLimit, PatienceExceeded } from "./patience.ts";
import { retryMs, backOff } from "./retry.ts";
import { raceAbort } from "../support/race-abort.ts";
import { backfillPrice, currentRental, settleRental } from "./settle-rental.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** The list may be a little behind; a second look this much later must agree. */
const BETWEEN_LOOKS_MS = 20_000;

export interface DestroyRental extends TeardownPorts {
  readonly rental: RentalState;
  readonly reason: string;
  /** Aborts with `PatienceExceeded`; without it there is no end but the proof. */
  readonly patience?: AbortSignal | undefined;
}

/**
 * Destroys the VM of a rental and confirms that it is deleted: DELETE at once and until it works, then absent by its id and from
 * the list, twice, under the run's own account. An error is never "gone". Then the rental is settled.
 * @returns "unconfirmed" when patience ended first: the record stays open.
 * @throws FencedError when another process has become the owner.
 */
export async function destroyRental(options: DestroyRental): Promise<"gone" | "unconfirmed"> {
  const { label } = options.rental;
  if (!mayExist(currentRental(options.rental, options), options)) {
    await settleRental(options.rental, options);
    return "gone";
  }
  await appendBestEffort(options, { type: "destroy.intended", label, reason: options.reason });
  try {
    await untilGone(options, waitLimit(options, options.patience));
  } catch (error) {
    if (error instanceof PatienceExceeded) return "unconfirmed";
    throw error;
  }
  await settleRental(options.rental, options);
  return "gone";
}

async function untilGone(options: DestroyRental, signal: AbortSignal): Promise<void> {
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
      if (failure !== undefined && !mayBeGoneAnyway(failure)) throw failure;
      const seen = await seenTwice(vmId, rental, options, signal);
      const left = seen ?? (await duplicateVm(rental, options, signal));
      if (left === undefined) return await priced;
      if (left.id !== vmId) vmId = await adopt(left, options);
      if (failure !== undefined) throw failure;
      await options.clock.sleep(retryMs(Math.min(attempt, 3), options), signal);
    } catch (error) {
      await backOff(error, attempt, label, options, signal);
    }
  }
}

/** @returns why it failed. */
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

/** A token that may only read, and a VM that is busy being deleted: somebody else may have ended it. */
function mayBeGoneAnyway(failure: Error): boolean {
  if (!(failure instanceof CloudError)) return false;
  return REFUSED_KINDS.has(failure.kind) || failure.kind === "busy";
}

/** The VM that is still seen; `undefined` when two looks, far enough apart, show nothing. */
async function seenTwice(
  vmId: number,
  rental: RentalState,
  options: DestroyRental,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const first = await findIfExists(vmId, rental, options, signal);
  if (first !== undefined) return first;
  await appendBestEffort(options, { type: "destroy.unseen", label: rental.label });
  await options.clock.sleep(BETWEEN_LOOKS_MS, signal);
  return findIfExists(vmId, rental, options, signal);
}

/**
 * A create that was lost and sent again may still arrive once the second one's VM, and with it the label, is gone.
 * Looks until that would have shown. @returns its VM.
 */
async function duplicateVm(
  rental: RentalState,
  options: DestroyRental,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const { clock } = options;
  const untilMs = lateCreateUntilMs(rental.label, options);
  while (clock.now() < untilMs) {
    await clock.sleep(Math.min(LONGEST_WAIT_MS, untilMs - clock.now()), signal);
    const listed = await findVmByLabel(rental.label, options, signal);
    const duplicate = listed.find((vm) => matchesRequest(vm, rental));
    if (duplicate !== undefined) return duplicate;
  }
  return undefined;
}

/** The VM of a create whose answer was never read. */
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
