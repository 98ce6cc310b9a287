import type { Random } from "./random.ts";
import type { SimulatedVm } from "./simulated-vm.ts";

/** What the world itself takes its time for, in virtual seconds, already scaled by `--delays`. */
export interface WorldDelays {
  /** Part of the boot time that a VM spends in `provisioning`. */
  provisioningShare(vm: SimulatedVm): number;
  /** From `running` until its SSH server listens. */
  guestSeconds(vm: SimulatedVm): number;
  /** From a reboot's request until the old boot is off; a guest's shutdown takes 16 to 28 s on Linode. */
  shutdownSeconds(vm: SimulatedVm): number;
  /** From power off to `running`. */
  rebootSeconds(vm: SimulatedVm): number;
  deleteSeconds(vm: SimulatedVm): number;
}

export function createWorldDelays(random: Random, scale: number): WorldDelays {
  // By number, so that what one VM draws does not depend on what others drew before.
  const draw = (vm: SimulatedVm, name: string, low: number, high: number): number =>
    random.named(`${name}/${vm.id}`).between(low, high);
  return {
    provisioningShare: (vm) => draw(vm, "provisioning", 0.45, 0.7),
    guestSeconds: (vm) => scale * draw(vm, "guest", 5, 15),
    shutdownSeconds: (vm) => scale * draw(vm, "shutdown", 16, 28),
    rebootSeconds: (vm) => scale * draw(vm, "reboot", 45, 90),
    // Blackwell VMs are known to go slowly.
    deleteSeconds: (vm) =>
      scale * draw(vm, "delete", 6, 20) * (vm.type.card.id === "rtx-pro-6000-blackwell" ? 4 : 1),
  };
}
