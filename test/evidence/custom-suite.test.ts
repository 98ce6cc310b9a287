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
  return "accepted";
};

describe("a custom suite", () => {
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

  it("has an id that depends only on its contents", () => {
    const id = (prompt: string, budget?: number): string => singlePromptSuite(prompt, budget).id;
    expect(id("a")).toBe(id("a"));
    expect(id("a")).not.toBe(id("b"));
    expect(id("a", 10)).not.toBe(id("a", 20));
  });

  it("reports the line of an invalid entry, if known", () => {
    expect(() => customSuite([{ prompt: "a" }, {}], "x", (index) => 10 * index + 1)).toThrow(
      expect.objectContaining({
        reason: "line 11: prompt 2: exactly one of prompt and messages is required",
      }),
    );
  });

  it.each([
    ["an object", { prompt: "a" }, "expected a list"],
    ["an empty list", [], "expected a list"],
    ["a string", ["a"], "prompt 1: expected an object"],
    ["an unknown key", [{ prompt: "a", tokens: 5 }], "prompt 1: unknown key tokens"],
    ["neither prompt nor messages", [{ name: "a" }], "prompt 1: exactly one of"],
    ["both prompt and messages", [{ prompt: "a", messages: [] }], "exactly one of"],
    ["an empty prompt", [{ prompt: " " }], "prompt must be a non-empty string"],
    ["an unknown role", [{ messages: [{ role: "bot", content: "a" }] }], "messages must be a list"],
    ["an unknown category", [{ prompt: "a", category: "poems" }], "category must be one of coding"],
    ["a budget of 0", [{ prompt: "a", max_tokens: 0 }], "max_tokens must be a whole number"],
    [
      "a duplicate name",
      [
        { name: "x", prompt: "a" },
        { name: "x", prompt: "b" },
      ],
      'the name "x" is used twice',
    ],
    [
      "several invalid prompts, naming each",
      [{ prompt: 1 }, { prompt: "a", max_tokens: 1.5 }],
      "prompt 2: max_tokens",
    ],
  ])("rejects %s", (_, entries, reason) => {
    expect(reasonOf(entries)).toContain(reason);
  });
});
