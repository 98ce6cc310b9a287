import { expect, test } from "vitest";
import { cardMismatch } from "../../src/catalog/card-mismatch.ts";
import { findGpuType, GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import type { GpuType } from "../../src/catalog/gpu-types.ts";
import { gpuFacts } from "../../src/simulator/ssh/gpu-facts.ts";

const typeOf = (id: string): GpuType => {
  const type = findGpuType(id);
  if (type === undefined) throw new Error(`${id} is not in the catalogue`);
  return type;
};
const ada = "g2-gpu-rtx4000a1-s";
const quadro = "g1-gpu-rtx6000-1";

test.each(GPU_TYPES.map((type) => [type.id, type] as const))("%s has its own cards", (_, type) => {
  const seen = gpuFacts(type).gpus.map(({ name, memory_mib: memory }) => ({
    name,
    memoryMib: memory ?? undefined,
  }));
  expect(cardMismatch(type, seen)).toBeUndefined();
});

test.each([
  [quadro, "Quadro RTX 6000", 24_220],
  [quadro, "Quadro RTX 6000", undefined],
  [ada, "NVIDIA RTX 4000 Ada Generation", 20_475],
])("%s may be reported as %s with %s MiB", (id, name, memoryMib) => {
  expect(cardMismatch(typeOf(id), [{ name, memoryMib }])).toBeUndefined();
});

test.each([
  [ada, "NVIDIA RTX 4000 SFF Ada Generation", 20_475, "shows NVIDIA RTX 4000 SFF Ada Generation"],
  [ada, "Quadro RTX 4000", 8_192, "shows Quadro RTX 4000, but g2-gpu-rtx4000a1-s has the"],
  [quadro, "NVIDIA RTX 6000 Ada Generation", 49_140, "g1-gpu-rtx6000-1 has the Quadro RTX 6000"],
  [ada, "NVIDIA RTX 4000 Ada Generation", 10_240, "shows 10240 MiB of memory, but"],
  [quadro, "Quadro RTX 6000", 49_152, "the Quadro RTX 6000 of g1-gpu-rtx6000-1 has 24 GB"],
])("%s does not match a card reported as %s with %i MiB", (id, name, memoryMib, says) => {
  expect(cardMismatch(typeOf(id), [{ name, memoryMib }])).toContain(says);
});

test("a wrong number of cards is reported", () => {
  expect(cardMismatch(typeOf(ada), [])).toBe(
    "nvidia-smi shows 0 GPUs, but g2-gpu-rtx4000a1-s has 1",
  );
});
