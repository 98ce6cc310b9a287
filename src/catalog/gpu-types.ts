import type { MicroUsd } from "../support/money.ts";

export type CardId = "quadro-rtx-6000" | "rtx-4000-ada" | "rtx-pro-6000-blackwell";

/** One graphics card, as installed by Linode. */
export interface Card {
  readonly id: CardId;
  readonly name: string;
  /** The manufacturer's figure, GB; recorded as `vram_per_gpu`. */
  readonly vramGb: number;
  /** Memory that a process can allocate, GiB. */
  readonly usableGib: number;
  /** Memory bandwidth, GB/s. */
  readonly bandwidthGbs: number;
  /** Dense 16-bit floating point, TFLOPS. */
  readonly tflops16: number;
  /** CUDA compute capability times ten: 75, 89 or 120. */
  readonly computeCapability: number;
}

/** A Linode GPU instance type. The API reports only the number of GPUs, so the card is recorded here. */
export interface GpuType {
  readonly id: string;
  readonly label: string;
  readonly card: Card;
  readonly gpus: number;
  readonly vcpus: number;
  readonly ramGib: number;
  readonly diskGb: number;
  /** Built-in price per hour, used only when the API gives none. */
  readonly hourly: MicroUsd;
  /** In Linode's public catalogue. Coverage counts only these. */
  readonly public: boolean;
}

/** Compute capability 7.5: no bfloat16, no FlashAttention. */
export function isTuring(card: Pick<Card, "computeCapability">): boolean {
  return card.computeCapability < 80;
}
