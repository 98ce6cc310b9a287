import type { GpuType } from "./gpu-types.ts";

/** What nvidia-smi says of a card. */
interface SeenCard {
  readonly name: string;
  /** Undefined = it does not tell. */
  readonly memoryMib: number | undefined;
}

const MIB_PER_GIB = 1024;
/** Makers' figures are round. */
const ROUNDING = 1.03;

/**
 * How the cards that a VM has differ from those that its type is sold with, in number, name or memory; undefined when
 * they do not. Figures of another card would be taken for those of the type, and what fits was computed for its memory.
 */
export function cardMismatch(
  { id, card, gpus }: Pick<GpuType, "id" | "card" | "gpus">,
  seen: readonly SeenCard[],
): string | undefined {
  if (seen.length !== gpus)
    return `nvidia-smi shows ${String(seen.length)} GPUs where ${id} is sold with ${String(gpus)}`;
  const other = seen.find(({ name }) => !name.includes(card.name));
  if (other !== undefined)
    return `nvidia-smi shows ${other.name} where ${id} is sold with the ${card.name}`;
  const [least, most] = [card.usableGib * MIB_PER_GIB, card.vramGb * MIB_PER_GIB * ROUNDING];
  const odd = seen.find(({ memoryMib = least }) => memoryMib < least || memoryMib > most);
  return odd === undefined
    ? undefined
    : `nvidia-smi shows ${String(odd.memoryMib)} MiB of memory where the ${card.name} of ${id} has ${String(card.vramGb)} GB`;
}
