import type { MachineFault } from "../world/simulated-vm.ts";

/**
 * Which fault scripts belong to a VM. `nth` counts the VMs that the script's type admits, from 1, in the order
 * of their creation; the model is left to the machine, which alone knows what it serves.
 */
export function faultsOf(
  faults: readonly MachineFault[],
  typeId: string,
  createdBefore: readonly string[],
): readonly MachineFault[] {
  return faults.filter(({ vm }) => {
    if (vm.type !== undefined && vm.type !== typeId) return false;
    const before = createdBefore.filter((other) => (vm.type ?? other) === other).length;
    return vm.nth === undefined || vm.nth === before + 1;
  });
}
