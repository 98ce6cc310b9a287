import type { CardId, GpuType } from "../../catalog/gpu-types.ts";
import type { FactsJson, GpuSampleJson } from "../../machine/agent-protocol.ts";
import type { Random } from "../world/random.ts";
import { KERNEL } from "./inspection.ts";

/** A card as reported by nvidia-smi. */
interface CardFacts {
  readonly name: string;
  readonly memoryMib: number;
  readonly powerLimitW: number;
  readonly maxClockMhz: number;
}

const CARDS: Record<CardId, CardFacts> = {
  "quadro-rtx-6000": {
    name: "Quadro RTX 6000",
    memoryMib: 23_040,
    powerLimitW: 250,
    maxClockMhz: 2100,
  },
  "rtx-4000-ada": {
    name: "NVIDIA RTX 4000 Ada Generation",
    memoryMib: 20_475,
    powerLimitW: 130,
    maxClockMhz: 3105,
  },
  "rtx-pro-6000-blackwell": {
    name: "NVIDIA RTX PRO 6000 Blackwell Server Edition",
    memoryMib: 97_887,
    powerLimitW: 600,
    maxClockMhz: 2430,
  },
};
/** Share of the type's RAM that the guest sees; the rest is used by kernel and firmware. */
const VISIBLE_RAM = 0.977;

export function gpuFacts(type: GpuType): FactsJson {
  const card = CARDS[type.card.id];
  return {
    gpus: Array.from({ length: type.gpus }, () => ({
      name: card.name,
      memory_mib: card.memoryMib,
      driver: "580.95.05",
      compute_capability: (type.card.computeCapability / 10).toFixed(1),
      power_limit_w: card.powerLimitW,
      max_clock_mhz: card.maxClockMhz,
    })),
    cuda: "13.0",
    cpu: "AMD EPYC 7713 64-Core Processor",
    vcpus: type.vcpus,
    ram_mib: Math.round(type.ramGib * 1024 * VISIBLE_RAM),
    kernel: KERNEL,
    os: "Ubuntu 24.04.3 LTS",
  };
}

/** A busy card raises its clocks and temperature; a hot one reduces its clocks and reports the reason. */
export function gpuSamples(
  type: GpuType,
  { busy, hot }: { readonly busy: boolean; readonly hot: boolean },
  random: Random,
): GpuSampleJson[] {
  const card = CARDS[type.card.id];
  const clock = (): number => (hot ? random.between(0.45, 0.5) : random.between(0.9, 0.94));
  const degrees = (): number => (hot ? random.between(90, 94) : random.between(58, 66));
  return Array.from({ length: type.gpus }, () => ({
    clock_mhz: Math.round(card.maxClockMhz * (busy ? clock() : 0.1)),
    power_w: Math.round(card.powerLimitW * (busy ? random.between(0.75, 0.9) : 0.12)),
    temperature_c: Math.round(busy || hot ? degrees() : random.between(33, 38)),
    throttle: hot ? ["sw_thermal_slowdown"] : [],
  }));
}

/** The samples if nvidia-smi prints `[N/A]`. */
export function unavailableSamples(type: GpuType): GpuSampleJson[] {
  return Array.from({ length: type.gpus }, () => ({
    clock_mhz: null,
    power_w: null,
    temperature_c: null,
    throttle: null,
  }));
}
