import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fitModel } from "../../src/catalog/fit-model.ts";
import { findGpuType, GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { findModel, MODELS } from "../../src/catalog/model-catalog.ts";
import { tensorParallelLimit } from "../../src/catalog/tensor-parallel-limit.ts";

function fit(gpuId: string, modelId: string, maxModelLen?: number) {
  const gpu = findGpuType(gpuId);
  const model = findModel(modelId);
  if (gpu === undefined || model === undefined) throw new Error(`unknown ${gpuId} or ${modelId}`);
  const question = { gpu, model, gpuMemoryUtilization: 0.9, preferredModelLen: 32_768 };
  return fitModel({ ...question, maxModelLen });
}

test.each([
  [
    "g2-gpu-rtx4000a1-s",
    "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ",
    undefined,
    "needs 18.0 GiB of weights and 1.5 GiB of overhead, but only 17.55 GiB are usable on 1 x RTX 4000 Ada",
  ],
  [
    "g1-gpu-rtx6000-1",
    "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ",
    undefined,
    "18.0 GiB of weights and 1.5 GiB of overhead leave 0.30 GiB for the cache on 1 x Quadro RTX 6000: 1,228 tokens, fewer than the minimum of 4,096",
  ],
  [
    "g1-gpu-rtx6000-2",
    "openai/gpt-oss-20b",
    undefined,
    "MXFP4 weights need compute capability 8.0; Quadro RTX 6000 has 7.5",
  ],
  [
    "g1-gpu-rtx6000-4",
    "google/gemma-3-12b-it",
    undefined,
    "vLLM does not run this model in float16, and Quadro RTX 6000 (compute capability 7.5) has no bfloat16",
  ],
  [
    "g1-gpu-rtx6000-2",
    "Qwen/Qwen2.5-72B-Instruct-AWQ",
    undefined,
    "needs 19.4 GiB of weights and 1.5 GiB of overhead, but only 19.80 GiB are usable on each of 2 x Quadro RTX 6000",
  ],
  [
    "g2-gpu-rtx4000a1-s",
    "Qwen/Qwen2.5-Coder-7B-Instruct",
    65_536,
    "a window of 65,536 tokens is longer than the model's maximum of 32,768",
  ],
  [
    "g1-gpu-rtx6000-1",
    "Qwen/Qwen3-30B-A3B-GPTQ-Int4",
    32_768,
    "a window of 32,768 tokens needs 3.00 GiB of cache, but 15.6 GiB of weights and 1.5 GiB of overhead leave 2.67 GiB on 1 x Quadro RTX 6000; 29,163 tokens fit",
  ],
])(
  "the reason why %s cannot serve %s (window %s) gives the figures",
  (gpu, model, window, reason) => {
    expect(fit(gpu, model, window)).toEqual({ fits: false, reason });
  },
);

test("the default window is lowered in whole steps to what fits, and reported as lowered", () => {
  const lowered = fit("g1-gpu-rtx6000-1", "Qwen/Qwen3-30B-A3B-GPTQ-Int4");
  expect(lowered).toMatchObject({ fits: true, maxModelLen: 28_672, loweredFrom: 32_768 });
});

test("a default window that fits is not reported as lowered", () => {
  const asPreferred = fit("g2-gpu-rtx4000a1-s", "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ");
  expect(asPreferred).not.toHaveProperty("loweredFrom");
  expect(asPreferred).toMatchObject({
    maxModelLen: 32_768,
    dtype: "auto",
    attentionBackend: undefined,
  });
});

test("Turing cards use half precision and Triton attention", () => {
  const turing = GPU_TYPES.filter(({ card }) => card.computeCapability === 75);
  expect(turing).toHaveLength(4);
  for (const gpu of turing)
    expect(fit(gpu.id, "Qwen/Qwen2.5-Coder-7B-Instruct")).toMatchObject({
      dtype: "half",
      attentionBackend: "TRITON_ATTN",
    });
});

test.each([
  ["fp8", undefined, 768, 2],
  ["fp8", undefined, 512, undefined],
  ["fp8", 17_408, undefined, undefined],
  ["awq", 29_696, undefined, undefined],
  // The unpadded 72B, which fails on two GPUs.
  ["awq", 29_568, undefined, 1],
  ["gptq", undefined, 768, undefined],
  ["none", 100, undefined, undefined],
  ["mxfp4", undefined, 2880, undefined],
] as const)(
  "%s weights with widths %s and %s allow a tensor parallelism of at most %s",
  (quantization, intermediate, expertIntermediate, largest) => {
    expect(tensorParallelLimit(quantization, { intermediate, expertIntermediate })).toBe(largest);
  },
);

test("a fit stays within the card's memory, and more utilisation never shortens its window", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...GPU_TYPES),
      fc.constantFrom(...MODELS),
      fc.double({ min: 0.5, max: 0.94, noNaN: true }),
      (gpu, model, gpuMemoryUtilization) => {
        const question = { gpu, model, maxModelLen: undefined, preferredModelLen: 32_768 };
        const less = fitModel({ ...question, gpuMemoryUtilization });
        if (!less.fits) return;
        expect(less.weightsGibPerGpu + model.overheadGib).toBeLessThan(
          gpuMemoryUtilization * gpu.card.usableGib,
        );
        expect(less.tensorParallel * less.pipelineParallel).toBeLessThanOrEqual(gpu.gpus);
        expect(less.maxModelLen).toBeLessThanOrEqual(less.largestModelLen);
        expect(less.maxModelLen).toBeGreaterThanOrEqual(4096);
        const more = fitModel({ ...question, gpuMemoryUtilization: gpuMemoryUtilization + 0.05 });
        if (!more.fits) throw new Error(more.reason);
        const changedLayout = more.pipelineParallel !== less.pipelineParallel;
        expect(changedLayout || more.largestModelLen >= less.largestModelLen).toBe(true);
      },
    ),
  );
});
