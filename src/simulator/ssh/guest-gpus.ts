import type { GpuType } from "../../catalog/gpu-types.ts";
import type { GpuSampleJson } from "../../machine/agent-protocol.ts";
import type { Random } from "../world/random.ts";
import { gpuSamples, unavailableSamples } from "./gpu-facts.ts";

/** The GPUs of a VM. */
export interface GuestGpus {
  /** Makes them hot and slow for `seconds` (60). */
  heat(seconds: number | undefined): void;
  /** @param available false if nvidia-smi prints `[N/A]` */
  sample(busy: boolean, available: boolean): readonly GpuSampleJson[];
}

const HOT_SECONDS = 60;

/** @param nowMs virtual milliseconds */
export function createGuestGpus(type: GpuType, random: Random, nowMs: () => number): GuestGpus {
  let hotUntilMs = -Infinity;
  return {
    heat: (seconds = HOT_SECONDS) => {
      hotUntilMs = nowMs() + seconds * 1000;
    },
    sample: (busy, available) =>
      available
        ? gpuSamples(type, { busy, hot: nowMs() < hotUntilMs }, random)
        : unavailableSamples(type),
  };
}
