import type { MicroUsd } from "../support/money.ts";

export type CardId = "quadro-rtx-6000" | "rtx-4000-ada" | "rtx-pro-6000-blackwell";

/** One graphics card, as Linode fits it. */
export interface Card {
  readonly id: CardId;
  readonly name: string;
  /** What the maker says, GB; what the database's `vram_per_gpu` holds. */
  readonly vramGb: number;
  /** What a process can allocate, GiB. */
  readonly usableGib: number;
  /** Memory bandwidth, GB/s. */
  readonly bandwidthGbs: number;
  /** Dense 16-bit floating point, TFLOPS. */
  readonly tflops16: number;
  /** CUDA compute capability, times ten: 75, 89, 120. */
  readonly computeCapability: number;
}

/** A Linode GPU plan. Linode's API tells the number of GPUs only, so the card is ours to know. */
export interface GpuType {
  readonly id: string;
  readonly label: string;
  readonly card: Card;
  readonly gpus: number;
  readonly vcpus: number;
  readonly ramGib: number;
  readonly diskGb: number;
  /** Built-in price, used (with a warning and its date) only when the API does not answer. */
  readonly hourly: MicroUsd;
  /** In the public catalogue: the 13 that coverage counts. */
  readonly public: boolean;
}

/** Compute capability 7.5: no bfloat16, no FlashAttention. */
export function isTuring(card: Pick<Card, "computeCapability">): boolean {
  return card.computeCapability < 80;
}
