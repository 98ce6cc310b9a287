import { globSync, readFileSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";

it("every sample of a real vLLM is named in a test", () => {
  const tests = globSync("test/**/*.test.ts", { exclude: ["test/guards/**"] });
  const text = tests.map((file) => readFileSync(file, "utf8")).join("\n");
  const samples = readdirSync("fixtures/vllm").filter((name) => name.endsWith(".txt"));
  expect(samples.length).toBeGreaterThan(0);
  const named = (sample: string): boolean =>
    new RegExp(`["\x60/ ]${sample.replace(".txt", "")}(\\.txt)?["\x60:]`).test(text);
  expect(samples.filter((sample) => !named(sample))).toEqual([]);
});
