import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findGpuType, GPU_TYPES } from "../../../src/catalog/gpu-catalog.ts";
import { MODELS } from "../../../src/catalog/model-catalog.ts";
import type { ModelFacts } from "../../../src/catalog/models.ts";
import { modelShape } from "../../../src/simulator/vllm/model-shape.ts";
import { speedProfile } from "../../../src/simulator/vllm/speed-model.ts";

function profile(type: string, model: ModelFacts, tensorParallel = 1, eager = false) {
  return speedProfile({ gpu: findGpuType(type)!, model, tensorParallel, eager, factor: 1 });
}

/** Mistral-7B-v0.2 in 16 bits, as it was measured on a Linode RTX 4000 Ada. */
const MISTRAL: ModelFacts = {
  ...modelShape("mistralai/Mistral-7B-Instruct-v0.2"),
  paramsB: 7.242,
  activeParamsB: 7.242,
  layers: 32,
  vocab: 32_000,
  checkpointGib: 13.49,
};

test.each([
  ["RTX 4000 Ada, 7B, 16 bits", profile("g2-gpu-rtx4000a1-l", MISTRAL), 21],
  [
    "2 x Quadro RTX 6000, 27B, 4 bits",
    profile(
      "g1-gpu-rtx6000-2",
      { ...modelShape("Qwen/Qwen3.8-27B-FP8"), quantization: "gptq", checkpointGib: 16.8 },
      2,
    ),
    32.5,
  ],
  [
    "2 x Quadro RTX 6000, 30B-A3B AWQ, eager",
    profile("g1-gpu-rtx6000-2", modelShape("QuantTrio/Qwen3-Coder-30B-A3B-Instruct-AWQ"), 2, true),
    80,
  ],
  [
    "RTX PRO 6000, 32B, 16 bits (Workstation: 23.9 of 1792 GB/s)",
    profile("g3-gpu-rtxpro6000-blackwell-1", modelShape("Qwen/Qwen3-32B")),
    (23.9 * 1597) / 1792,
  ],
])("%s: within a quarter of the measured tokens a second", (_what, speed, measured) => {
  expect(1000 / speed.stepMs(1, 256) / measured).toBeGreaterThan(0.75);
  expect(1000 / speed.stepMs(1, 256) / measured).toBeLessThan(1.25);
});

test("16 in flight give about nine times the throughput of one, as measured on Ada", () => {
  const speed = profile("g2-gpu-rtx4000a1-l", MISTRAL);
  const gain = (16 * speed.stepMs(1, 300)) / speed.stepMs(16, 16 * 300);
  expect(gain).toBeGreaterThan(7.5);
  expect(gain).toBeLessThan(11);
});

test("8 in flight on two Quadros: five times, as measured", () => {
  const speed = profile("g1-gpu-rtx6000-2", modelShape("Qwen/Qwen3.8-27B-FP8"), 2);
  const gain = (8 * speed.stepMs(1, 300)) / speed.stepMs(8, 8 * 300);
  expect(gain).toBeGreaterThan(4);
  expect(gain).toBeLessThan(6);
});

test("more in flight, more context and longer prompts never make it faster", () => {
  const gpus = fc.constantFrom(...GPU_TYPES);
  const models = fc.constantFrom(...MODELS);
  const count = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(gpus, models, count, count, (gpu, model, running, more) => {
      const speed = speedProfile({ gpu, model, tensorParallel: gpu.gpus, eager: false, factor: 1 });
      const step = speed.stepMs(running, 1000);
      expect(step).toBeGreaterThan(0);
      expect(speed.stepMs(running + more, 1000)).toBeGreaterThan(step);
      expect(speed.stepMs(running, 1000 + more)).toBeGreaterThan(step);
      expect(speed.prefillMs(running + more)).toBeGreaterThan(speed.prefillMs(running));
    }),
  );
});

test("an unknown model has the size in its name", () => {
  const shapes = ["acme/Coder-34B-AWQ", "acme/Tiny-1.5B", "acme/Moe-30B-A3B-FP8"].map(modelShape);
  expect(
    shapes.map(({ paramsB, activeParamsB, quantization }) => [
      paramsB,
      activeParamsB,
      quantization,
    ]),
  ).toEqual([
    [34, 34, "awq"],
    [1.5, 1.5, "none"],
    [30, 3, "fp8"],
  ]);
  for (const { heads, headDim, hidden } of shapes) expect(heads * headDim).toBe(hidden);
});
