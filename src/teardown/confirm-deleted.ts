import { CloudError, type Cloud, type CloudVm } from "../cloud/cloud.ts";
import type { RentalState } from "../run-state/run-state.ts";
import type { Clock } from "../support/clock.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import { findVmByIdOrLabel, findVmsByLabel, matchesRequest } from "./find-vm.ts";
import { lastCreateSent, LATEST_CREATE_MS, LONGEST_WAIT_MS } from "./look-up-create.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

const CHECK_INTERVAL_MS = 20_000;
const CHECKS_IN_USE = 3;

/**
 * Confirms that the VM of a rental is deleted: two checks, 20 s apart because Linode's list can lag, find it neither by
 * id nor by label. If its create was sent twice, waits until a late second VM would have appeared.
 * @returns the VM that still exists; undefined if the deletion is confirmed
 * @throws CloudError, WrongAccount, or the signal's reason: the deletion is then not confirmed
 */
export async function confirmDeleted(
  vmId: number,
  rental: RentalState,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const found = await findVmByIdOrLabel(vmId, rental, ports, signal);
  if (found !== undefined) return found;
  await appendBestEffort(ports, { type: "destroy.unseen", label: rental.label });
  await ports.clock.sleep(CHECK_INTERVAL_MS, signal);
  return (
    (await findVmByIdOrLabel(vmId, rental, ports, signal)) ??
    (await findLateDuplicate(rental, ports, signal))
  );
}

/**
 * Labels are unique in an account, so the second of two creates can succeed only after the first VM is deleted.
 * @returns the VM of the late create, if there is one
 */
async function findLateDuplicate(
  rental: RentalState,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const { clock } = ports;
  const sent = lastCreateSent(rental.label, ports);
  if (sent.times < 2) return undefined;
  for (;;) {
    const waitMs = sent.ms() + LATEST_CREATE_MS - clock.now();
    if (waitMs <= 0) return undefined;
    await clock.sleep(Math.min(LONGEST_WAIT_MS, waitMs), signal);
    const listed = await findVmsByLabel(rental.label, ports, signal);
    const duplicate = listed.find((vm) => matchesRequest(vm, rental));
    if (duplicate !== undefined) return duplicate;
  }
}

/**
 * Whether a VM in use was deleted by something other than this sweep: three checks over 40 s must all find nothing. It
 * ends the rental early, but does not settle it; `confirmDeleted` does that. An API error counts as "not deleted".
 * @throws the signal's reason
 */
export async function isVmDeleted(
  vmId: number,
  { cloud, clock }: { readonly cloud: Pick<Cloud, "getVm">; readonly clock: Clock },
  signal: AbortSignal,
): Promise<boolean> {
  for (let check = 1; check <= CHECKS_IN_USE; check += 1) {
    if (check > 1) await clock.sleep(CHECK_INTERVAL_MS, signal);
    try {
      if ((await cloud.getVm(vmId, signal)) !== undefined) return false;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      return false;
    }
  }
  return true;
}
