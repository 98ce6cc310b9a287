import type { CloudVm } from "../cloud/cloud.ts";
import { foldRun, unknownRental } from "../run-state/fold-run.ts";
import { parseLabel } from "../journal/label.ts";
import type { RentalState } from "../run-state/run-state.ts";
import {
  raiseMismatchAlarm,
  checkAccount,
  matchesRequest,
  mayBelongTo,
  vmEventFields,
} from "./find-vm.ts";
import { waitLimit, PatienceExceeded } from "./patience.ts";
import { backOff } from "./retry.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/**
 * Finds VMs of the run in the cloud that `covered` does not name: their events were lost, or they appeared late. Each is
 * journaled as adopted. A VM that differs from what the run creates is left alone, with an alarm.
 * @param covered labels that the caller already takes care of
 * @returns undefined if patience ended before a list could be read
 */
export async function findOrphans(
  ports: TeardownPorts,
  covered: ReadonlySet<string>,
  patience: AbortSignal | undefined,
): Promise<readonly RentalState[] | undefined> {
  try {
    return await find(ports, covered, waitLimit(ports, patience));
  } catch (error) {
    if (error instanceof PatienceExceeded) return undefined;
    throw error;
  }
}

async function find(
  ports: TeardownPorts,
  covered: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly RentalState[]> {
  const { journal } = ports;
  const vms = await listVmsOfRun(ports, signal);
  const orphans: RentalState[] = [];
  for (const vm of vms) {
    if (covered.has(vm.label)) continue;
    const state = foldRun(journal.events());
    const before = state.rentals.get(vm.label);
    if (!(before === undefined ? mayBelongTo(state, vm) : matchesRequest(vm, before))) {
      raiseMismatchAlarm(vm, ports);
      continue;
    }
    const rental = before ?? unknownRental(vm.label, vm.createdMs);
    await appendBestEffort(ports, { type: "create.adopted", ...vmEventFields(vm) });
    orphans.push({ ...rental, vmId: vm.id });
  }
  return orphans;
}

/** The VMs of the run. Each is read by id as well, because the list can still contain deleted ones. */
async function listVmsOfRun(
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<readonly CloudVm[]> {
  const { cloud, journal } = ports;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await checkAccount(ports, signal);
      const listed = (await cloud.listVms({}, signal)).filter(({ label: text }) => {
        const label = parseLabel(text);
        return label?.kind === "vm" && label.run === journal.run;
      });
      const seen = await Promise.all(listed.map(({ id }) => cloud.getVm(id, signal)));
      return seen.filter((vm) => vm !== undefined);
    } catch (error) {
      await backOff(error, attempt, `mds-${journal.run}`, ports, signal);
    }
  }
}
