import { createHash } from "node:crypto";
import { ExitCode, SweepError } from "../support/errors.ts";
import { promptHash } from "./standard-suite.ts";
import { CATEGORIES } from "./suite.ts";
import type { Category, Suite, Test } from "./suite.ts";

/** Budget of a prompt that names none, tokens. */
const DEFAULT_MAX_TOKENS = 500;
const LARGEST_MAX_TOKENS = 131_072;
const KEYS = ["name", "category", "prompt", "messages", "max_tokens"];
const ROLES = ["system", "user", "assistant"];

/**
 * A user's own prompts, as a file of YAML, JSON or JSON lines holds them: a list of objects with `prompt` or
 * `messages`, and optionally `name`, `category` and `max_tokens`. Its id comes from its contents, so that it is never
 * mixed with the standard suite or with another one.
 * @throws SweepError (usage) that names every entry that is wrong, and its line where `lineOf` tells it.
 */
export function customSuite(
  entries: unknown,
  source: string,
  lineOf: (index: number) => number | undefined = () => undefined,
): Suite {
  if (!Array.isArray(entries) || entries.length === 0)
    throw refuse(source, "it must hold a list of at least one prompt");
  const problems: string[] = [];
  const names = new Set<string>();
  const tests = entries.map((entry: unknown, index) => {
    const test = readTest(entry, index);
    const line = lineOf(index);
    const place = `${line === undefined ? "" : `line ${String(line)}: `}prompt ${String(index + 1)}`;
    if (typeof test === "string") problems.push(`${place}: ${test}`);
    else if (names.has(test.name))
      problems.push(`${place}: the name ${JSON.stringify(test.name)} stands twice`);
    else names.add(test.name);
    return test;
  });
  if (problems.length > 0) throw refuse(source, problems.join("; "));
  const read = tests as readonly Test[];
  const contents = read.map(({ sha256, maxTokens, category }) => [sha256, maxTokens, category]);
  const hash = createHash("sha256").update(JSON.stringify(contents)).digest("hex");
  return { id: `custom-${hash.slice(0, 8)}`, tests: read };
}

/** One prompt as a suite of its own. */
export function singlePromptSuite(prompt: string, maxTokens = DEFAULT_MAX_TOKENS): Suite {
  return customSuite([{ name: "Prompt", prompt, max_tokens: maxTokens }], "--prompt");
}

/** The entries that make the same suite again. */
export function promptsOf(suite: Suite): readonly object[] {
  return suite.tests.map(({ name, category, messages, maxTokens }) => ({
    name,
    category,
    messages,
    max_tokens: maxTokens,
  }));
}

function readTest(entry: unknown, index: number): Test | string {
  if (typeof entry !== "object" || entry === null) return "it is no object";
  const fields = entry as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `unknown key ${unknown} (known: ${KEYS.join(", ")})`;
  const {
    name = `Prompt ${String(index + 1)}`,
    category = "custom",
    max_tokens: maxTokens,
  } = fields;
  const budget = maxTokens ?? DEFAULT_MAX_TOKENS;
  if (typeof name !== "string" || name.trim() === "") return "name must be a text";
  if (category !== "custom" && !CATEGORIES.includes(category as Category))
    return `category must be one of ${[...CATEGORIES, "custom"].join(", ")}`;
  if (
    typeof budget !== "number" ||
    !Number.isInteger(budget) ||
    budget < 1 ||
    budget > LARGEST_MAX_TOKENS
  )
    return `max_tokens must be a whole number from 1 to ${String(LARGEST_MAX_TOKENS)}`;
  const messages = readMessages(fields);
  if (typeof messages === "string") return messages;
  return {
    name,
    category: category as Test["category"],
    messages,
    maxTokens: budget,
    sha256: promptHash(messages),
  };
}

function readMessages({
  prompt,
  messages,
}: Readonly<Record<string, unknown>>): Test["messages"] | string {
  if ((prompt === undefined) === (messages === undefined))
    return "it needs either prompt or messages";
  if (messages === undefined)
    return typeof prompt === "string" && prompt.trim() !== ""
      ? [{ role: "user", content: prompt }]
      : "prompt must be a text";
  const valid =
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every(
      (message: unknown) =>
        typeof message === "object" &&
        message !== null &&
        "role" in message &&
        ROLES.includes(message.role as string) &&
        "content" in message &&
        typeof message.content === "string",
    );
  return valid
    ? (messages as Test["messages"]).map(({ role, content }) => ({ role, content }))
    : `messages must be a list of {role: ${ROLES.join(" | ")}, content: text}`;
}

function refuse(source: string, reason: string): SweepError {
  return new SweepError(`The prompts of ${source} cannot be used`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "Each prompt is {name, category, prompt or messages, max_tokens}",
  });
}
