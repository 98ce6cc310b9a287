import { describe, expect, it } from "vitest";
import { customSuite, singlePromptSuite } from "../../src/evidence/custom-suite.ts";
import { SweepError } from "../../src/support/errors.ts";

const reasonOf = (entries: unknown): string => {
  try {
    customSuite(entries, "prompts.yaml");
  } catch (error) {
    if (error instanceof SweepError && error.exitCode === 2) return error.reason ?? "";
    throw error;
  }
  return "taken";
};

describe("a suite of one's own", () => {
  it("takes prompts and messages, with names, categories and budgets", () => {
    const suite = customSuite(
      [
        { prompt: "Say hello." },
        {
          name: "Talk",
          category: "reasoning",
          max_tokens: 64,
          messages: [
            { role: "system", content: "Be brief." },
            { role: "user", content: "Why?" },
          ],
        },
      ],
      "prompts.yaml",
    );
    expect(suite.id).toMatch(/^custom-[0-9a-f]{8}$/);
    expect(suite.tests).toMatchObject([
      { name: "Prompt 1", category: "custom", maxTokens: 500 },
      { name: "Talk", category: "reasoning", maxTokens: 64 },
    ]);
    expect(suite.tests[1]?.messages).toHaveLength(2);
  });

  it("has another id for other contents, and the same for the same", () => {
    const id = (prompt: string, budget?: number): string => singlePromptSuite(prompt, budget).id;
    expect(id("a")).toBe(id("a"));
    expect(id("a")).not.toBe(id("b"));
    expect(id("a", 10)).not.toBe(id("a", 20));
  });

  it("names the line of each entry that is wrong, where it is known", () => {
    expect(() => customSuite([{ prompt: "a" }, {}], "x", (index) => 10 * index + 1)).toThrow(
      expect.objectContaining({ reason: "line 11: prompt 2: it needs either prompt or messages" }),
    );
  });

  it.each([
    ["no list", { prompt: "a" }, "it must hold a list"],
    ["an empty list", [], "it must hold a list"],
    ["no object", ["a"], "prompt 1: it is no object"],
    ["an unknown key", [{ prompt: "a", tokens: 5 }], "prompt 1: unknown key tokens"],
    ["neither", [{ name: "a" }], "prompt 1: it needs either prompt or messages"],
    ["both", [{ prompt: "a", messages: [] }], "it needs either prompt or messages"],
    ["an empty prompt", [{ prompt: " " }], "prompt must be a text"],
    ["a wrong role", [{ messages: [{ role: "bot", content: "a" }] }], "messages must be a list"],
    ["a wrong category", [{ prompt: "a", category: "poems" }], "category must be one of coding"],
    ["a wrong budget", [{ prompt: "a", max_tokens: 0 }], "max_tokens must be a whole number"],
    [
      "a name twice",
      [
        { name: "x", prompt: "a" },
        { name: "x", prompt: "b" },
      ],
      'the name "x" stands twice',
    ],
    [
      "all that is wrong",
      [{ prompt: 1 }, { prompt: "a", max_tokens: 1.5 }],
      "prompt 2: max_tokens",
    ],
  ])("refuses %s", (_, entries, reason) => {
    expect(reasonOf(entries)).toContain(reason);
  });
});
