import type { GpuType } from "./gpu-types.ts";

/** A card as reported by nvidia-smi. */
interface ReportedCard {
  readonly name: string;
  /** Undefined if not reported. */
  readonly memoryMib: number | undefined;
}

const MIB_PER_GIB = 1024;
/** Manufacturers round the memory size. */
const ROUNDING = 1.03;

/**
 * Describes how the cards of a VM differ in number, name or memory from those of its type; undefined if they do not.
 * Measurements of another card must not be recorded for the type, and the context window was computed for its memory.
 */
export function cardMismatch(
  { id, card, gpus }: Pick<GpuType, "id" | "card" | "gpus">,
  reported: readonly ReportedCard[],
): string | undefined {
  if (reported.length !== gpus)
    return `nvidia-smi shows ${String(reported.length)} GPUs, but ${id} has ${String(gpus)}`;
  const otherCard = reported.find(({ name }) => !name.includes(card.name));
  if (otherCard !== undefined)
    return `nvidia-smi shows ${otherCard.name}, but ${id} has the ${card.name}`;
  const [least, most] = [card.usableGib * MIB_PER_GIB, card.vramGb * MIB_PER_GIB * ROUNDING];
  const otherMemory = reported.find(
    ({ memoryMib = least }) => memoryMib < least || memoryMib > most,
  );
  return otherMemory === undefined
    ? undefined
    : `nvidia-smi shows ${String(otherMemory.memoryMib)} MiB of memory, but the ${card.name} of ${id} has ${String(card.vramGb)} GB`;
}
