import { describe, expect, it } from "vitest";
import { generateContext } from "../../src/evidence/context-generator.ts";
import { SUITE_VERSION } from "../../src/evidence/method.ts";
import {
  STANDARD_TESTS,
  promptHash,
  renderTest,
  standardSuite,
} from "../../src/evidence/standard-suite.ts";

const suite = standardSuite();
const contentOf = (name: string): string =>
  suite.tests.find((test) => test.name === name)?.messages[0]?.content ?? "";

describe("the standard suite", () => {
  it("has the guide's 12 tests with its names, categories and budgets, in its order", () => {
    expect(suite.id).toBe(SUITE_VERSION);
    expect(suite.tests.map(({ name, category, maxTokens }) => [category, name, maxTokens])).toEqual(
      [
        ["coding", "Simple function", 100],
        ["coding", "Code review", 200],
        ["coding", "Algorithm explanation", 400],
        ["coding", "Complex refactoring", 500],
        ["context_heavy", "Multi-file analysis", 800],
        ["context_heavy", "Refactor with context", 1000],
        ["context_heavy", "Debug trace analysis", 600],
        ["context_heavy", "Architecture explanation", 800],
        ["reasoning", "Problem decomposition", 300],
        ["reasoning", "Design trade-offs", 400],
        ["reasoning", "Algorithmic optimization", 500],
        ["reasoning", "System design", 600],
      ],
    );
  });

  it("gives the tests of the categories asked for", () => {
    expect(standardSuite(["reasoning"]).tests.map((test) => test.category)).toEqual(
      Array.from({ length: 4 }, () => "reasoning"),
    );
    expect(standardSuite([]).tests).toEqual([]);
  });

  it("is the same, letter by letter: a change of it needs a new version", () => {
    expect(Object.fromEntries(suite.tests.map((test) => [test.name, test.sha256.slice(0, 12)])))
      .toMatchInlineSnapshot(`
      {
        "Algorithm explanation": "f7307b3eab7a",
        "Algorithmic optimization": "010189aa4bc9",
        "Architecture explanation": "750c9b1a3b99",
        "Code review": "35f4f6b9adcd",
        "Complex refactoring": "834fcdab75bf",
        "Debug trace analysis": "d539dcf974b5",
        "Design trade-offs": "b6f9e41e1795",
        "Multi-file analysis": "1365aacbe278",
        "Problem decomposition": "274cacee2481",
        "Refactor with context": "e2720cbf0bef",
        "Simple function": "b12b444ab9be",
        "System design": "0a4a7bcc464b",
      }
    `);
  });

  it("hashes what is sent", () => {
    for (const test of suite.tests) expect(test.sha256).toBe(promptHash(test.messages));
  });

  it("has contexts of about 2, 8, 4 and 16 thousand tokens before they are sized", () => {
    const characters = suite.tests.map((test) => test.messages[0]?.content.length ?? 0).slice(4, 8);
    const expected = [2048, 8192, 4096, 16_384].map((tokens) => tokens * 3.2);
    for (const [index, length] of characters.entries())
      expect(Math.abs(length / (expected[index] ?? 0) - 1)).toBeLessThan(0.05);
  });

  it("names the needles in the question and gives their values in the context alone", () => {
    for (const { name, needles, messages } of suite.tests.slice(4, 8)) {
      const content = messages[0]?.content ?? "";
      const [context = "", question = ""] = content.split("\n\n---\n\n");
      expect(needles, name).toHaveLength(3);
      for (const needle of needles ?? []) {
        expect(context.split(needle)).toHaveLength(2);
        expect(question).not.toContain(needle);
      }
      expect(question.match(/[A-Z]+_LIMIT_\d+/g)).toHaveLength(3);
      expect(content).not.toContain("{needles}");
    }
  });

  it("has prompts of its own text without a context elsewhere", () => {
    for (const { context, prompt } of STANDARD_TESTS)
      expect(prompt.includes("{needles}")).toBe(context !== undefined);
  });
});

describe("generated contexts", () => {
  it.each(["source", "log", "mixed"] as const)(
    "are the same for a seed, and others for another: %s",
    (kind) => {
      expect(generateContext("a", kind, 200)).toEqual(generateContext("a", kind, 200));
      expect(generateContext("a", kind, 200).text).not.toBe(generateContext("b", kind, 200).text);
    },
  );

  it.each([10, 57, 800])("have as many lines as asked for: %i", (lines) => {
    expect(generateContext("a", "source", lines).text.split("\n")).toHaveLength(lines);
  });

  it("hide the needles at about 10, 50 and 90 %", () => {
    const { text, needles } = generateContext("a", "mixed", 1_000);
    const depths = needles.map(
      ({ value }) => text.split("\n").findIndex((line) => line.includes(value)) / 1_000,
    );
    for (const [index, depth] of depths.entries())
      expect(Math.abs(depth - [0.1, 0.5, 0.9][index]!)).toBeLessThan(0.02);
  });

  it("repeat no block: no three lines in a row stand twice in the longest one", () => {
    const lines = contentOf("Architecture explanation").split("\n");
    const runs = lines.map((_, index) => lines.slice(index, index + 3).join("\n"));
    const meaningful = runs.filter((run) => run.length > 60);
    const repeated = meaningful.filter((run, index) => meaningful.indexOf(run) !== index);
    expect(repeated.length / meaningful.length).toBeLessThan(0.02);
    const blocks = contentOf("Architecture explanation").split("\n\n");
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  it("have lines short enough to be sized by", () => {
    for (const line of generateContext("a", "mixed", 2_000).text.split("\n"))
      expect(line.length).toBeLessThan(110);
  });

  it("grow line by line, so that a prompt can be sized", () => {
    const template = STANDARD_TESTS.find((test) => test.name === "Multi-file analysis")!;
    const length = (lines: number): number =>
      renderTest(template, lines).messages[0]!.content.length;
    expect(length(101)).toBeGreaterThan(length(100) - 40);
    expect(length(400)).toBeGreaterThan(length(200));
  });
});
