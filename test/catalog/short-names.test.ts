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
    ["example/My-Model-9B", "My-Model-9B"],
  ])("shorten %s to %s", (id, name) => {
    expect(modelName(id)).toBe(name);
  });

  it.each([
    ["g2-gpu-rtx4000a1-s", "rtx4000a1-s"],
    ["g1-gpu-rtx6000-2", "rtx6000-2"],
    ["g3-gpu-rtxpro6000-blackwell-4", "rtxpro6000-4"],
  ])("shorten %s to %s", (id, name) => {
    expect(gpuName(id)).toBe(name);
  });

  it("are unique among models and among GPU types", () => {
    expect(new Set(models.map(modelName)).size).toBe(models.length);
    expect(new Set(gpus.map(gpuName)).size).toBe(gpus.length);
  });

  it("keep the full id of another publisher's copy of a catalogue model", () => {
    expect(modelName("example/Qwen2.5-Coder-14B-Instruct-AWQ")).toBe(
      "example/Qwen2.5-Coder-14B-Instruct-AWQ",
    );
  });
});

describe("resolving a name", () => {
  it.each([...gpus, ...gpus.map(gpuName)])("finds the GPU type %s", (text) => {
    const { id } = resolveName(text, gpus, gpuName) as { id: string };
    expect([id, gpuName(id)]).toContain(text);
  });

  it.each([...models, ...models.map(modelName)])("finds the model %s", (text) => {
    const { id } = resolveName(text, models, modelName) as { id: string };
    expect([id, modelName(id)]).toContain(text);
  });

  it.each([
    ["A1-S", { id: "g2-gpu-rtx4000a1-s" }],
    ["a1-x", { id: "g2-gpu-rtx4000a1-xl" }],
    ["rtx6000-1", { id: "g1-gpu-rtx6000-1" }],
    ["rtx5000", { unknown: true }],
    ["", { unknown: true }],
  ])("takes a unique part of a name: %j gives %j", (text, expected) => {
    expect(resolveName(text, gpus, gpuName)).toEqual(expected);
  });

  it("returns every match of an ambiguous part", () => {
    expect(resolveName("a4", gpus, gpuName)).toEqual({
      ambiguous: ["g2-gpu-rtx4000a4-s", "g2-gpu-rtx4000a4-m"],
    });
  });
});
