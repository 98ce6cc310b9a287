import { expect, test } from "vitest";
import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { findModel, MODELS } from "../../src/catalog/model-catalog.ts";
import { modelFits } from "../../src/plan/model-fits.ts";
import { planWith } from "./a-plan.ts";

const MODEL = "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ";

test("a plan accepts the largest reported window and rejects a larger one", () => {
  const model = findModel(MODEL);
  if (model === undefined) throw new Error(`no ${MODEL}`);
  const fits = modelFits(model, GPU_TYPES);
  expect(fits.length).toBeGreaterThan(5);
  for (const { gpu, largestModelLen } of fits) {
    const entry = (window: number): string =>
      `[{gpu: ${gpu.id}, models: [{id: ${MODEL}, max_model_len: ${String(window)}}]}]`;
    expect(planWith(entry(largestModelLen)).entries).toHaveLength(1);
    expect(() => planWith(entry(largestModelLen + 1))).toThrow("a window of");
  }
});

test("a plan rejects the model on every GPU type that is not listed", () => {
  for (const model of MODELS.slice(0, 12)) {
    const fitting = new Set(modelFits(model, GPU_TYPES).map(({ gpu }) => gpu.id));
    for (const { id } of GPU_TYPES.filter((gpu) => !fitting.has(gpu.id)))
      expect(() => planWith(`[{gpu: ${id}, models: [${model.id}]}]`)).toThrow(`on \`${id}\``);
  }
});
