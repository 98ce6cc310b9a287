import { createHash } from "node:crypto";
import { ExitCode, SweepError } from "../support/errors.ts";
import { promptHash } from "./standard-suite.ts";
import { CATEGORIES } from "./suite.ts";
import type { Category, Suite, Test } from "./suite.ts";

/** Output budget by default, tokens. */
const DEFAULT_MAX_TOKENS = 500;
const LARGEST_MAX_TOKENS = 131_072;
const KEYS = ["name", "category", "prompt", "messages", "max_tokens"];
const ROLES = ["system", "user", "assistant"];

/**
 * A suite of the user's own prompts: a list of objects with `prompt` or `messages`, and optionally `name`, `category`
 * and `max_tokens`. Its id is derived from its contents, so that its results are never mixed with another suite's.
 * @param source the file name, for messages
 * @throws SweepError exit 2, listing every invalid entry, with its line if `lineOf` knows it
 */
export function customSuite(
  entries: unknown,
  source: string,
  lineOf: (index: number) => number | undefined = () => undefined,
): Suite {
  if (!Array.isArray(entries) || entries.length === 0)
    throw invalidPrompts(source, "expected a list of at least one prompt");
  const problems: string[] = [];
  const names = new Set<string>();
  const tests = entries.map((entry: unknown, index) => {
    const test = readTest(entry, index);
    const line = lineOf(index);
    const place = `${line === undefined ? "" : `line ${String(line)}: `}prompt ${String(index + 1)}`;
    if (typeof test === "string") problems.push(`${place}: ${test}`);
    else if (names.has(test.name))
      problems.push(`${place}: the name ${JSON.stringify(test.name)} is used twice`);
    else names.add(test.name);
    return test;
  });
  if (problems.length > 0) throw invalidPrompts(source, problems.join("; "));
  const valid = tests as readonly Test[];
  const contents = valid.map(({ sha256, maxTokens, category }) => [sha256, maxTokens, category]);
  const hash = createHash("sha256").update(JSON.stringify(contents)).digest("hex");
  return { id: `custom-${hash.slice(0, 8)}`, tests: valid };
}

/** A suite of one prompt. */
export function singlePromptSuite(prompt: string, maxTokens = DEFAULT_MAX_TOKENS): Suite {
  return customSuite([{ name: "Prompt", prompt, max_tokens: maxTokens }], "--prompt");
}

/** Entries from which `customSuite` makes the same suite again. */
export function promptsOf(suite: Suite): readonly object[] {
  return suite.tests.map(({ name, category, messages, maxTokens }) => ({
    name,
    category,
    messages,
    max_tokens: maxTokens,
  }));
}

function readTest(entry: unknown, index: number): Test | string {
  if (typeof entry !== "object" || entry === null) return "expected an object";
  const fields = entry as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `unknown key ${unknown} (known: ${KEYS.join(", ")})`;
  const {
    name = `Prompt ${String(index + 1)}`,
    category = "custom",
    max_tokens: maxTokens,
  } = fields;
  const budget = maxTokens ?? DEFAULT_MAX_TOKENS;
  if (typeof name !== "string" || name.trim() === "") return "name must be a non-empty string";
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
    return "exactly one of prompt and messages is required";
  if (messages === undefined)
    return typeof prompt === "string" && prompt.trim() !== ""
      ? [{ role: "user", content: prompt }]
      : "prompt must be a non-empty string";
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
    : `messages must be a list of {role: ${ROLES.join(" | ")}, content: string}`;
}

function invalidPrompts(source: string, reason: string): SweepError {
  return new SweepError(`invalid prompts in ${source}`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "write each prompt as {name, category, prompt or messages, max_tokens}",
  });
}
