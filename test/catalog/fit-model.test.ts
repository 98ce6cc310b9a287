import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fitModel } from "../../src/catalog/fit-model.ts";
import { findGpuType, GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { findModel, MODELS } from "../../src/catalog/model-catalog.ts";
import { tensorParallelLimit } from "../../src/catalog/tensor-parallel-limit.ts";

function ask(gpuId: string, modelId: string, maxModelLen?: number) {
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
    "needs 18.0 GiB of weights + 1.5 GiB, 17.55 GiB are usable on 1 x RTX 4000 Ada",
  ],
  [
    "g1-gpu-rtx6000-1",
    "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ",
    undefined,
    "18.0 GiB of weights + 1.5 GiB leave 0.30 GiB for the cache on 1 x Quadro RTX 6000: 1,228 tokens, fewer than 4,096",
  ],
  [
    "g1-gpu-rtx6000-2",
    "openai/gpt-oss-20b",
    undefined,
    "MXFP4 weights need compute capability 8.0, Quadro RTX 6000 has 7.5",
  ],
  [
    "g1-gpu-rtx6000-4",
    "google/gemma-3-12b-it",
    undefined,
    "vLLM refuses this model in float16, and Quadro RTX 6000 (compute capability 7.5) has no bfloat16",
  ],
  [
    "g1-gpu-rtx6000-2",
    "Qwen/Qwen2.5-72B-Instruct-AWQ",
    undefined,
    "needs 19.4 GiB of weights + 1.5 GiB, 19.80 GiB are usable on each of 2 x Quadro RTX 6000",
  ],
  [
    "g2-gpu-rtx4000a1-s",
    "Qwen/Qwen2.5-Coder-7B-Instruct",
    65_536,
    "a window of 65,536 tokens is more than the model's own 32,768",
  ],
  [
    "g1-gpu-rtx6000-1",
    "Qwen/Qwen3-30B-A3B-GPTQ-Int4",
    32_768,
    "a window of 32,768 tokens needs 3.00 GiB of cache, 2.67 GiB are left beside 15.6 GiB of weights + 1.5 GiB on 1 x Quadro RTX 6000; 29,163 tokens fit",
  ],
])(
  "%s cannot serve %s (window %s), and the reason has the figures",
  (gpu, model, window, reason) => {
    expect(ask(gpu, model, window)).toEqual({ fits: false, reason });
  },
);

test("a window that is left out is lowered to what fits, in whole steps, and says so", () => {
  const fit = ask("g1-gpu-rtx6000-1", "Qwen/Qwen3-30B-A3B-GPTQ-Int4");
  expect(fit).toMatchObject({ fits: true, maxModelLen: 28_672, loweredFrom: 32_768 });
});

test("a window that fits as preferred is not reported as lowered", () => {
  const fit = ask("g2-gpu-rtx4000a1-s", "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ");
  expect(fit).not.toHaveProperty("loweredFrom");
  expect(fit).toMatchObject({ maxModelLen: 32_768, dtype: "auto", attentionBackend: undefined });
});

test("Turing is served in half precision with the Triton attention", () => {
  const turing = GPU_TYPES.filter(({ card }) => card.computeCapability === 75);
  expect(turing).toHaveLength(4);
  for (const gpu of turing)
    expect(ask(gpu.id, "Qwen/Qwen2.5-Coder-7B-Instruct")).toMatchObject({
      dtype: "half",
      attentionBackend: "TRITON_ATTN",
    });
});

test.each([
  ["fp8", undefined, 768, 2],
  ["fp8", undefined, 512, undefined],
  ["fp8", 17_408, undefined, undefined],
  ["awq", 29_696, undefined, undefined],
  // The unpadded 72B, which breaks at two GPUs.
  ["awq", 29_568, undefined, 1],
  ["gptq", undefined, 768, undefined],
  ["none", 100, undefined, undefined],
  ["mxfp4", undefined, 2880, undefined],
] as const)(
  "%s with widths %s and %s divides over %s GPUs at most",
  (quantization, intermediate, expertIntermediate, largest) => {
    expect(tensorParallelLimit(quantization, { intermediate, expertIntermediate })).toBe(largest);
  },
);

test("a fit never promises more memory than the card has, and more utilisation never shortens the window of a layout", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...GPU_TYPES),
      fc.constantFrom(...MODELS),
      fc.double({ min: 0.5, max: 0.94, noNaN: true }),
      (gpu, model, gpuMemoryUtilization) => {
        const question = { gpu, model, maxModelLen: undefined, preferredModelLen: 32_768 };
        const fit = fitModel({ ...question, gpuMemoryUtilization });
        if (!fit.fits) return;
        expect(fit.weightsGibPerGpu + model.overheadGib).toBeLessThan(
          gpuMemoryUtilization * gpu.card.usableGib,
        );
        expect(fit.tensorParallel * fit.pipelineParallel).toBeLessThanOrEqual(gpu.gpus);
        expect(fit.maxModelLen).toBeLessThanOrEqual(fit.largestModelLen);
        expect(fit.maxModelLen).toBeGreaterThanOrEqual(4096);
        const more = fitModel({ ...question, gpuMemoryUtilization: gpuMemoryUtilization + 0.05 });
        if (!more.fits) throw new Error(more.reason);
        const other = more.pipelineParallel !== fit.pipelineParallel;
        expect(other || more.largestModelLen >= fit.largestModelLen).toBe(true);
      },
    ),
  );
});
