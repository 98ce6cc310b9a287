import { globSync, readFileSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";

/** Without comments: only code reads a file. */
function codeOf(file: string): string {
  return readFileSync(file, "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "");
}

it("every sample of a real vLLM is read by a test", () => {
  const tests = globSync("test/**/*.test.ts", { exclude: ["test/guards/**"] });
  const text = tests.map(codeOf).join("\n");
  const samples = readdirSync("fixtures/vllm").filter((name) => name.endsWith(".txt"));
  expect(samples.length).toBeGreaterThan(0);
  // The name alone in a literal, or as a key, or at the end of a path: a title or a sentence reads nothing.
  const isRead = (sample: string): boolean => {
    const name = sample.replace(".txt", "");
    return new RegExp(`["\x60/]${name}(\\.txt)?["\x60]|^\\s*${name}:`, "m").test(text);
  };
  expect(samples.filter((sample) => !isRead(sample))).toEqual([]);
});
