import { createRandom, type Random } from "./random.ts";
import type { SimulatedVm } from "./simulated-vm.ts";

/** Speeds and durations of this world's VMs, drawn from its seed and independent of the forecast's constants. */
export interface Coefficients {
  /** Factor for tokens per second, 0.8 to 1.2. */
  speed(model: string, type: string): number;
  /** Virtual seconds, already scaled by `--delays`. */
  bootSeconds(vm: SimulatedVm): number;
  setupSeconds(vm: SimulatedVm): number;
  downloadSeconds(vm: SimulatedVm, gib: number): number;
  loadSeconds(vm: SimulatedVm, gib: number): number;
}

/** Durations of Linode's own jobs in virtual seconds, already scaled by `--delays`. */
export interface JobDelays {
  /** Share of the boot time that a VM spends in `provisioning`, 0 to 1. */
  provisioningShare(vm: SimulatedVm): number;
  /** From `running` until the VM's SSH server listens. */
  guestSeconds(vm: SimulatedVm): number;
  /** From a reboot's request until the VM is off; on Linode this takes 16 to 28 s. */
  shutdownSeconds(vm: SimulatedVm): number;
  /** From power off to `running`. */
  rebootSeconds(vm: SimulatedVm): number;
  deleteSeconds(vm: SimulatedVm): number;
}

const SPEED_SPREAD = 0.2;
const DELAY_SPREAD = 0.4;
const BOOT_SECONDS = 88;
/** NVIDIA's driver, Docker, the container toolkit, and an image of 9 GB. */
const SETUP_SECONDS = 470;
const HUB_BYTES_PER_SECOND = 150e6;
const BYTES_PER_GIB = 2 ** 30;
/** Python imports, compilation and graph capture, before each GPU reads its part of the weights. */
const LOAD_SECONDS = 110;
const LOAD_SECONDS_PER_GIB = 6.5;
/** A 27B model on two Quadro RTX 6000 logged 327 s of `init engine`. */
const TURING_LOAD_FACTOR = 1.7;
const TURING = 75;
/** Blackwell VMs take longer to delete. */
const BLACKWELL_DELETE_FACTOR = 4;

/** Every value is drawn from the seed and its own key, so that it does not depend on earlier draws. */
export function createCoefficients(options: { seed: number; delays: number }): Coefficients {
  const around = (spread: number, what: string, key: string): number =>
    createRandom(`${String(options.seed)}/${what}/${key}`).between(1 - spread, 1 + spread);
  const delay = (what: string, vm: SimulatedVm, seconds: number): number =>
    seconds * options.delays * around(DELAY_SPREAD, what, `${vm.type.id}/${String(vm.id)}`);
  return {
    speed: (model, type) => around(SPEED_SPREAD, "speed", `${model}/${type}`),
    bootSeconds: (vm) => delay("boot", vm, BOOT_SECONDS),
    setupSeconds: (vm) => delay("setup", vm, SETUP_SECONDS),
    downloadSeconds: (vm, gib) =>
      delay("download", vm, (gib * BYTES_PER_GIB) / HUB_BYTES_PER_SECOND),
    loadSeconds: (vm, gib) =>
      delay(
        "load",
        vm,
        (LOAD_SECONDS + (gib / vm.type.gpus) * LOAD_SECONDS_PER_GIB) *
          (vm.type.card.computeCapability <= TURING ? TURING_LOAD_FACTOR : 1),
      ),
  };
}

/** @param scale `--delays` */
export function createJobDelays(random: Random, scale: number): JobDelays {
  // Named by the VM's id, so that a VM's values do not depend on other VMs.
  const draw = (vm: SimulatedVm, name: string, low: number, high: number): number =>
    random.named(`${name}/${vm.id}`).between(low, high);
  return {
    provisioningShare: (vm) => draw(vm, "provisioning", 0.45, 0.7),
    guestSeconds: (vm) => scale * draw(vm, "guest", 5, 15),
    shutdownSeconds: (vm) => scale * draw(vm, "shutdown", 16, 28),
    rebootSeconds: (vm) => scale * draw(vm, "reboot", 45, 90),
    deleteSeconds: (vm) => {
      const isBlackwell = vm.type.card.id === "rtx-pro-6000-blackwell";
      return scale * draw(vm, "delete", 6, 20) * (isBlackwell ? BLACKWELL_DELETE_FACTOR : 1);
    },
  };
}
