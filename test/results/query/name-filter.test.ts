import { describe, expect, it, test } from "vitest";
import { nameFilter, suggestNames } from "../../../src/results/query/name-filter.ts";

const pass = (gpu: string, model: string, modelCategory: string) => ({ gpu, model, modelCategory });
const PASSES = [
  pass("g2-gpu-rtx4000a1-s", "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", "14b"),
  pass("g2-gpu-rtx4000a1-m", "openai/gpt-oss-20b", "30b"),
  pass("g1-gpu-rtx6000-1", "Qwen/Qwen2.5-Coder-7B-Instruct", "7b"),
  pass("g1-gpu-rtx6000-1", "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ", "7b"),
];
const found = (filter: Parameters<typeof nameFilter>[0]): number[] => {
  const isNamed = nameFilter(filter, PASSES);
  return PASSES.flatMap((each, index) => (isNamed(each) ? [index] : []));
};

describe("the filter by name", () => {
  it.each([
    ["g2-gpu-rtx4000a1-s", [0]],
    ["RTX4000A1-S", [0]],
    ["rtx4000a1", [0, 1]],
    ["g1-", [2, 3]],
    ["rtx9000", []],
  ])("takes the GPU type %s", (gpuType, expected) => {
    expect(found({ gpuType })).toEqual(expected);
  });

  it.each([
    ["7b", [2, 3]],
    ["14B", [0]],
    ["14", [0]],
    ["gpt-oss-20b", [1]],
    ["Coder-7B", [2]],
    ["coder", [0, 2, 3]],
    ["llama", []],
  ])("takes the category or model %s", (modelCategory, expected) => {
    expect(found({ modelCategory })).toEqual(expected);
  });

  it("combines both", () => {
    expect(found({ gpuType: "rtx6000", modelCategory: "awq" })).toEqual([3]);
    expect(found({ gpuType: "rtx6000", modelCategory: "gpt" })).toEqual([]);
  });
});

test("a mistyped name is suggested", () => {
  expect(suggestNames({ gpuType: "rtx4000a1-x", modelCategory: "gpt-os-20b" }, PASSES)).toEqual([
    "-g rtx4000a1-s",
    "-m gpt-oss-20b",
  ]);
  expect(suggestNames({ gpuType: "rtx6000-1" }, PASSES)).toEqual([]);
});
