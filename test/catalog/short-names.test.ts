import { describe, expect, it } from "vitest";
import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { MODELS } from "../../src/catalog/model-catalog.ts";
import { gpuName, modelName, resolveName } from "../../src/catalog/short-names.ts";

const models = MODELS.map(({ id }) => id);
const gpus = GPU_TYPES.map(({ id }) => id);

describe("short names", () => {
  it.each([
    ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", "Coder-14B-AWQ"],
    ["Qwen/Qwen2.5-72B-Instruct-AWQ", "Qwen2.5-72B-AWQ"],
    ["openai/gpt-oss-20b", "gpt-oss-20b"],
    ["QuantTrio/Qwen3-Coder-30B-A3B-Instruct-AWQ", "Coder-30B-A3B-AWQ"],
    ["somebody/My-Model-9B", "My-Model-9B"],
  ])("of %s is %s", (id, name) => {
    expect(modelName(id)).toBe(name);
  });

  it.each([
    ["g2-gpu-rtx4000a1-s", "rtx4000a1-s"],
    ["g1-gpu-rtx6000-2", "rtx6000-2"],
    ["g3-gpu-rtxpro6000-blackwell-4", "rtxpro6000-4"],
  ])("of %s is %s", (id, name) => {
    expect(gpuName(id)).toBe(name);
  });

  it("are different for different models, and for different GPU types", () => {
    expect(new Set(models.map(modelName)).size).toBe(models.length);
    expect(new Set(gpus.map(gpuName)).size).toBe(gpus.length);
  });

  it("of a copy of a catalogue model by another maker is its whole id", () => {
    expect(modelName("somebody/Qwen2.5-Coder-14B-Instruct-AWQ")).toBe(
      "somebody/Qwen2.5-Coder-14B-Instruct-AWQ",
    );
  });
});

describe("what a user means", () => {
  it.each([...gpus, ...gpus.map(gpuName)])("by %s is one GPU type", (text) => {
    const { id } = resolveName(text, gpus, gpuName) as { id: string };
    expect([id, gpuName(id)]).toContain(text);
  });

  it.each([...models, ...models.map(modelName)])("by %s is one model", (text) => {
    const { id } = resolveName(text, models, modelName) as { id: string };
    expect([id, modelName(id)]).toContain(text);
  });

  it.each([
    ["A1-S", { id: "g2-gpu-rtx4000a1-s" }],
    ["a1-x", { id: "g2-gpu-rtx4000a1-xl" }],
    ["rtx6000-1", { id: "g1-gpu-rtx6000-1" }],
    ["rtx5000", { unknown: true }],
    ["", { unknown: true }],
  ])("by %j is %j", (text, meant) => {
    expect(resolveName(text, gpus, gpuName)).toEqual(meant);
  });

  it("by a part of several is asked for", () => {
    expect(resolveName("a4", gpus, gpuName)).toEqual({
      ambiguous: ["g2-gpu-rtx4000a4-s", "g2-gpu-rtx4000a4-m"],
    });
  });
});
