import type { Coefficients, SimulatedVm } from "../world/simulated-vm.ts";
import { createRandom } from "../world/random.ts";

const SPEED_SPREAD = 0.2;
const DELAY_SPREAD = 0.4;
const BOOT_SECONDS = 88;
/** NVIDIA's driver, Docker, the container toolkit, and 9 GB of image. */
const SETUP_SECONDS = 470;
const HUB_BYTES_PER_SECOND = 150e6;
const BYTES_PER_GIB = 2 ** 30;
/** Python's imports, compilation, graph capture; then each GPU reads its part of the weights. */
const LOAD_SECONDS = 42;
const LOAD_SECONDS_PER_GIB = 6.5;
/** Start-up on Turing: 327 s of `init engine` were logged for a 27B on two Quadro RTX 6000. */
const TURING_LOAD_FACTOR = 1.7;
const TURING = 75;

/** The seed's world: every figure is drawn once for its key and stays. */
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
