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
  it("has maider's 12 tests, in its order, with its names, categories and budgets", () => {
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

  it("can be limited to some categories", () => {
    expect(standardSuite(["reasoning"]).tests.map((test) => test.category)).toEqual(
      Array.from({ length: 4 }, () => "reasoning"),
    );
    expect(standardSuite([]).tests).toEqual([]);
  });

  it("has not changed since its version was published", () => {
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

  it("hashes the messages that are sent", () => {
    for (const test of suite.tests) expect(test.sha256).toBe(promptHash(test.messages));
  });

  it("has contexts of about 2, 8, 4 and 16 thousand tokens before they are sized", () => {
    const characters = suite.tests.map((test) => test.messages[0]?.content.length ?? 0).slice(4, 8);
    const expected = [2048, 8192, 4096, 16_384].map((tokens) => tokens * 3.2);
    for (const [index, length] of characters.entries())
      expect(Math.abs(length / (expected[index] ?? 0) - 1)).toBeLessThan(0.05);
  });

  it("asks for the hidden values by name, and has each value only once, in the context", () => {
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

  it("asks for hidden values only in tests with a context", () => {
    for (const { context, prompt } of STANDARD_TESTS)
      expect(prompt.includes("{needles}")).toBe(context !== undefined);
  });
});

describe("generated contexts", () => {
  it.each(["source", "log", "mixed"] as const)(
    "are reproducible and differ between seeds: %s",
    (kind) => {
      expect(generateContext("a", kind, 200)).toEqual(generateContext("a", kind, 200));
      expect(generateContext("a", kind, 200).text).not.toBe(generateContext("b", kind, 200).text);
    },
  );

  it.each([10, 57, 800])("have the requested number of lines: %i", (lines) => {
    expect(generateContext("a", "source", lines).text.split("\n")).toHaveLength(lines);
  });

  it("hide their values at about 10, 50 and 90 %", () => {
    const { text, needles } = generateContext("a", "mixed", 1_000);
    const depths = needles.map(
      ({ value }) => text.split("\n").findIndex((line) => line.includes(value)) / 1_000,
    );
    for (const [index, depth] of depths.entries())
      expect(Math.abs(depth - [0.1, 0.5, 0.9][index]!)).toBeLessThan(0.02);
  });

  it("repeat no block, and hardly ever three lines in a row", () => {
    const lines = contentOf("Architecture explanation").split("\n");
    const triples = lines.map((_, index) => lines.slice(index, index + 3).join("\n"));
    const long = triples.filter((triple) => triple.length > 60);
    const repeated = long.filter((triple, index) => long.indexOf(triple) !== index);
    expect(repeated.length / long.length).toBeLessThan(0.02);
    const blocks = contentOf("Architecture explanation").split("\n\n");
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  it("have only short lines, so that a prompt can be sized by the line", () => {
    for (const line of generateContext("a", "mixed", 2_000).text.split("\n"))
      expect(line.length).toBeLessThan(110);
  });

  it("grow with the number of lines", () => {
    const template = STANDARD_TESTS.find((test) => test.name === "Multi-file analysis")!;
    const length = (lines: number): number =>
      renderTest(template, lines).messages[0]!.content.length;
    expect(length(101)).toBeGreaterThan(length(100) - 40);
    expect(length(400)).toBeGreaterThan(length(200));
  });
});
