import { expect, test } from "vitest";
import {
  findGpuType,
  GPU_TYPES,
  PRICE_DATE,
  USUAL_REGIONS,
} from "../../src/catalog/gpu-catalog.ts";
import { categoryOf, findModel, MODELS } from "../../src/catalog/model-catalog.ts";

test("the public catalogue has thirteen GPU types", () => {
  const ids = GPU_TYPES.filter((type) => type.public).map((type) => type.id);
  expect(ids).toHaveLength(13);
  expect(ids.every((id) => /^g[12]-gpu-/.test(id))).toBe(true);
  expect(new Set(GPU_TYPES.map((type) => type.id)).size).toBe(GPU_TYPES.length);
});

test("every type has a price, a card and a region", () => {
  for (const type of GPU_TYPES) {
    expect(type.hourly).toBeGreaterThanOrEqual(520_000);
    expect(USUAL_REGIONS[type.card.id].length).toBeGreaterThan(0);
  }
  expect(PRICE_DATE).toMatch(/^\d{4}-\d\d-\d\d$/);
});

test("the Quadro has 24 GB and compute capability 7.5", () => {
  expect(findGpuType("g1-gpu-rtx6000-1")?.card).toMatchObject({
    vramGb: 24,
    computeCapability: 75,
  });
});

test("model ids are unique and valid on the Hub", () => {
  expect(new Set(MODELS.map((model) => model.id)).size).toBe(MODELS.length);
  for (const { id } of MODELS) expect(id).toMatch(/^[\w.-]{1,96}\/[\w.-]{1,96}$/);
});

test.each([
  ["Qwen/Qwen2.5-Coder-7B-Instruct", 57_344],
  ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", 196_608],
  ["openai/gpt-oss-20b", 49_152],
  ["Qwen/Qwen3.8-27B-FP8", 65_536],
  ["Qwen/Qwen2.5-72B-Instruct-AWQ", 327_680],
  ["deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", 31_104],
])("a token of %s takes %i bytes of KV cache", (id, bytes) => {
  expect(findModel(id)?.kvBytesPerToken).toBe(bytes);
});

test.each([
  [7.616, "7b"],
  [9.99, "7b"],
  [14.77, "14b"],
  [20.9, "30b"],
  [44, "30b"],
  [70.5, "70b"],
] as const)("%d billion parameters are of class %s", (params, category) => {
  expect(categoryOf(params)).toBe(category);
});

test("unknown ids are not found", () => {
  expect(findGpuType("g2-gpu-rtx4000a3-s")).toBeUndefined();
  expect(findModel("meta-llama/Llama-3.1-70B-Instruct-AWQ")).toBeUndefined();
});
