import { microUsd } from "../support/money.ts";
import { type Card, type CardId, type GpuType, isTuring } from "./gpu-types.ts";

/** Date of the built-in prices, from Linode's public catalogue. */
export const PRICE_DATE = "2026-09-17";

export const CARDS: Readonly<Record<CardId, Card>> = {
  // Turing. Linode's g1 types have this 24 GB card, not the 48 GB RTX 6000 Ada. Linode does not say which edition:
  // these figures are for the slower one, passively cooled with ECC on (23,040 MiB total, 22,502 MiB free).
  "quadro-rtx-6000": {
    id: "quadro-rtx-6000",
    name: "Quadro RTX 6000",
    vramGb: 24,
    usableGib: 22,
    bandwidthGbs: 624,
    tflops16: 130.5,
    computeCapability: 75,
  },
  // The 130 W edition: 299 GB/s was measured on Linode, more than the SFF edition's maximum of 280 GB/s.
  "rtx-4000-ada": {
    id: "rtx-4000-ada",
    name: "RTX 4000 Ada",
    vramGb: 20,
    usableGib: 19.5,
    bandwidthGbs: 360,
    tflops16: 107,
    computeCapability: 89,
  },
  // Server Edition; the Workstation Edition has 1792 GB/s.
  "rtx-pro-6000-blackwell": {
    id: "rtx-pro-6000-blackwell",
    name: "RTX PRO 6000 Blackwell",
    vramGb: 96,
    usableGib: 95.1,
    bandwidthGbs: 1597,
    tflops16: 468,
    computeCapability: 120,
  },
};

type Row = readonly [
  id: string,
  label: string,
  gpus: number,
  vcpus: number,
  ramGib: number,
  diskGb: number,
  dollarsPerHour: number,
];

const types = (card: CardId, isPublic: boolean, rows: readonly Row[]): GpuType[] =>
  rows.map(([id, label, gpus, vcpus, ramGib, diskGb, dollars]) => ({
    id,
    label,
    card: CARDS[card],
    gpus,
    vcpus,
    ramGib,
    diskGb,
    hourly: microUsd(dollars),
    public: isPublic,
  }));

// oxfmt-ignore
export const GPU_TYPES: readonly GpuType[] = [
  ...types("quadro-rtx-6000", true, [
    ["g1-gpu-rtx6000-1", "Dedicated 32GB + RTX6000 GPU x1", 1, 8, 32, 640, 1.5],
    ["g1-gpu-rtx6000-2", "Dedicated 64GB + RTX6000 GPU x2", 2, 16, 64, 1280, 3],
    ["g1-gpu-rtx6000-3", "Dedicated 96GB + RTX6000 GPU x3", 3, 20, 96, 1920, 4.5],
    ["g1-gpu-rtx6000-4", "Dedicated 128GB + RTX6000 GPU x4", 4, 24, 128, 2560, 6],
  ]),
  ...types("rtx-4000-ada", true, [
    ["g2-gpu-rtx4000a1-s", "RTX4000 Ada x1 Small", 1, 4, 16, 512, 0.52],
    ["g2-gpu-rtx4000a1-m", "RTX4000 Ada x1 Medium", 1, 8, 32, 512, 0.67],
    ["g2-gpu-rtx4000a1-l", "RTX4000 Ada x1 Large", 1, 16, 64, 512, 0.96],
    ["g2-gpu-rtx4000a1-xl", "RTX4000 Ada x1 X-Large", 1, 32, 128, 512, 1.53],
    ["g2-gpu-rtx4000a2-s", "RTX4000 Ada x2 Small", 2, 8, 32, 1024, 1.05],
    ["g2-gpu-rtx4000a2-m", "RTX4000 Ada x2 Medium", 2, 16, 64, 1024, 1.34],
    ["g2-gpu-rtx4000a2-hs", "RTX4000 Ada x2 Medium High Storage", 2, 16, 64, 2048, 1.49],
    ["g2-gpu-rtx4000a4-s", "RTX4000 Ada x4 Small", 4, 32, 128, 2048, 2.96],
    ["g2-gpu-rtx4000a4-m", "RTX4000 Ada x4 Medium", 4, 48, 196, 2048, 3.57],
  ]),
  // The API lists these for onboarded accounts only. x1 has a published price; x2 and x4 are extrapolated from it.
  ...types("rtx-pro-6000-blackwell", false, [
    ["g3-gpu-rtxpro6000-blackwell-1", "RTX PRO 6000 Blackwell x1", 1, 16, 176, 1024, 3],
    ["g3-gpu-rtxpro6000-blackwell-2", "RTX PRO 6000 Blackwell x2", 2, 32, 352, 2048, 6],
    ["g3-gpu-rtxpro6000-blackwell-4", "RTX PRO 6000 Blackwell x4", 4, 64, 704, 4096, 12],
  ]),
];

/** Regions known to offer each card, best stocked first. Used only when live availability is unknown. */
export const USUAL_REGIONS: Readonly<Record<CardId, readonly string[]>> = {
  "quadro-rtx-6000": ["eu-central"],
  "rtx-4000-ada": ["fr-par", "us-sea", "jp-osa", "de-fra-2", "sg-sin-2", "in-bom-2", "us-ord"],
  "rtx-pro-6000-blackwell": ["us-sea", "us-lax", "us-iad-2", "ca-central"],
};

export function findGpuType(id: string): GpuType | undefined {
  return GPU_TYPES.find((type) => type.id === id);
}

/** Whether a GPU type has Turing cards; false for a type that is not in the catalogue. */
export function hasTuringCards(id: string): boolean {
  const type = findGpuType(id);
  return type !== undefined && isTuring(type.card);
}
