import { describe, expect, it } from "vitest";
import { gpuIdFor, modelIdFor, namedGpu } from "../../src/cli/known-names.ts";

describe("a GPU type that is to be rented", () => {
  it.each([
    ["g2-gpu-rtx4000a1-s", "g2-gpu-rtx4000a1-s"],
    ["rtx4000a1-s", "g2-gpu-rtx4000a1-s"],
    ["RTX6000-2", "g1-gpu-rtx6000-2"],
    ["rtx4000a2-hs", "g2-gpu-rtx4000a2-hs"],
  ])("may be named %s", (text, id) => {
    expect(gpuIdFor(text)).toBe(id);
  });

  it.each(["rtx4000a1-x", "g2-gpu-rtx4000a1-x", "000a1-s", "h100"])(
    "is not guessed from %s",
    (text) => {
      expect(gpuIdFor(text)).toBe(text);
    },
  );

  it("is asked for again if several have the name", () => {
    expect(() => gpuIdFor("rtx4000a1")).toThrow(
      expect.objectContaining({
        exitCode: 2,
        hint: expect.stringMatching(/^did you mean one of rtx4000a1-s, /) as string,
      }) as Error,
    );
  });
});

describe("a model that is to be served", () => {
  it.each([
    ["gpt-oss-20b", "openai/gpt-oss-20b"],
    ["oss-20b", "openai/gpt-oss-20b"],
    ["coder-14b-awq", "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ"],
    ["Coder-14B", "Qwen/Qwen2.5-Coder-14B-Instruct"],
  ])("may be named %s", (text, id) => {
    expect(modelIdFor(text)).toBe(id);
  });

  it("is unchanged with its publisher, even if it is part of a known id", () => {
    expect(modelIdFor("Qwen/Qwen2.5-Coder-7B")).toBe("Qwen/Qwen2.5-Coder-7B");
  });

  it("may be one that only the results have", () => {
    expect(modelIdFor("Custom-Model", ["some-org/Custom-Model"])).toBe("some-org/Custom-Model");
  });
});

it("a GPU type that does not exist is refused with the nearest name", () => {
  expect(() => namedGpu("rtx4000a1-z")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("rtx4000a1-") as string }) as Error,
  );
});
