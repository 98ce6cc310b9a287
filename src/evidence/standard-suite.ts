import { createHash } from "node:crypto";
import { generateContext } from "./context-generator.ts";
import type { ContextKind } from "./context-generator.ts";
import { SUITE_VERSION } from "./method.ts";
import { CATEGORIES } from "./suite.ts";
import type { Category, Suite, Test } from "./suite.ts";
import standard from "./suites/standard-1.json" with { type: "json" };

/** Estimate for generated code and logs, used until the model's tokenizer is available. */
export const CHARACTERS_PER_TOKEN = 3.2;
/** Mean length of a generated line, including the line break. */
const CHARACTERS_PER_LINE: Readonly<Record<ContextKind, number>> = {
  source: 39,
  log: 54,
  mixed: 42,
};

/** A standard test as defined in its data file. */
export interface TestTemplate {
  readonly name: string;
  readonly category: Category;
  readonly maxTokens: number;
  /** `{needles}` is replaced by the names of the values hidden in the context. */
  readonly prompt: string;
  readonly context: { readonly kind: ContextKind; readonly tokens: number } | undefined;
}

/** Maider's 12 tests, in its order. */
export const STANDARD_TESTS: readonly TestTemplate[] = standard.tests.map((test) => ({
  name: test.name,
  category: test.category as Category,
  maxTokens: test.maxTokens,
  prompt: test.prompt,
  context:
    test.context === undefined
      ? undefined
      : { kind: test.context.kind as ContextKind, tokens: test.context.tokens },
}));

/** The standard tests of these categories. Their contexts have an estimated size; `sizeSuite` corrects it. */
export function standardSuite(categories: readonly Category[] = CATEGORIES): Suite {
  return {
    id: SUITE_VERSION,
    tests: STANDARD_TESTS.filter((test) => categories.includes(test.category)).map((test) =>
      renderTest(test, estimatedLines(test)),
    ),
  };
}

/** Lines of context estimated to fill the test's tokens; 0 for a test without context. */
export function estimatedLines({ context, prompt }: TestTemplate): number {
  if (context === undefined) return 0;
  const characters = context.tokens * CHARACTERS_PER_TOKEN - prompt.length;
  return Math.floor(characters / CHARACTERS_PER_LINE[context.kind]);
}

/** The test with a given number of lines of context. */
export function renderTest(template: TestTemplate, lines: number): Test {
  const { name, category, maxTokens, prompt, context } = template;
  if (context === undefined) {
    const messages = [{ role: "user", content: prompt }] as const;
    return { name, category, maxTokens, messages, sha256: promptHash(messages) };
  }
  const { text, needles } = generateContext(`${SUITE_VERSION}|${name}`, context.kind, lines);
  const question = prompt.replace("{needles}", needles.map((needle) => needle.name).join(", "));
  const messages = [{ role: "user", content: `${text}\n\n---\n\n${question}` }] as const;
  return {
    name,
    category,
    maxTokens,
    messages,
    sha256: promptHash(messages),
    needles: needles.map((needle) => needle.value),
  };
}

/** SHA-256 of the messages as JSON, hexadecimal. */
export function promptHash(messages: Test["messages"]): string {
  const rolesAndContents = messages.map(({ role, content }) => ({ role, content }));
  return createHash("sha256").update(JSON.stringify(rolesAndContents)).digest("hex");
}
