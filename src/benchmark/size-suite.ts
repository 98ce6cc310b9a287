import { STANDARD_TESTS, estimatedLines, renderTest } from "../evidence/standard-suite.ts";
import type { TestTemplate } from "../evidence/standard-suite.ts";
import { SUITE_VERSION } from "../evidence/method.ts";
import type { Suite, Test } from "../evidence/suite.ts";
import type { Clock } from "../support/clock.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { httpClient } from "../vllm/http-client.ts";
import { countTokens } from "../vllm/server-api.ts";

const MAX_CALLS_PER_TEST = 8;
/** How many tokens a prompt may have less than its target. A line of context usually has fewer. */
const TOLERANCE_TOKENS = 32;

/**
 * Sizes the contexts of the standard suite in the model's own tokens. Each prompt gets at most its target number of
 * tokens, and at most 32 fewer, or one line of context if that is more. Returns the suite unchanged if it is another
 * one or the server cannot count tokens.
 * @throws the signal's reason, or the error of `server.open`.
 */
export async function sizeSuite(
  server: ServerUnderTest,
  suite: Suite,
  clock: Clock,
  signal: AbortSignal,
): Promise<Suite> {
  if (suite.id !== SUITE_VERSION) return suite;
  const client = httpClient(server, clock);
  const count = (test: Test): Promise<number | undefined> =>
    countTokens(client, server, test.messages, signal);
  try {
    const tests: Test[] = [];
    for (const test of suite.tests) {
      const template = STANDARD_TESTS.find(({ name }) => name === test.name);
      const sized =
        template?.context === undefined
          ? test
          : await sizeTest(template, template.context.tokens, count);
      if (sized === undefined) return suite;
      tests.push(sized);
    }
    return { id: suite.id, tests };
  } catch (error) {
    if (error instanceof NoAnswerError) return suite;
    throw error;
  } finally {
    client.close();
  }
}

/**
 * Searches for the largest number of lines that keeps the prompt within its target. Each guess is based on the tokens
 * per line of the previous one. Returns undefined if the server cannot count tokens.
 */
export async function sizeTest(
  template: TestTemplate,
  target: number,
  count: (test: Test) => Promise<number | undefined>,
): Promise<Test | undefined> {
  let best: { readonly test: Test; readonly lines: number; readonly tokens: number } | undefined;
  let tooMany: { readonly lines: number; readonly tokens: number } | undefined;
  let lines = estimatedLines(template);
  for (let call = 0; call < MAX_CALLS_PER_TEST; call += 1) {
    const test = renderTest(template, lines);
    const tokens = await count(test);
    if (tokens === undefined) return undefined;
    // The prompt exceeds the context window, so the test will not apply and its exact size does not matter.
    if (!Number.isFinite(tokens)) return best?.test ?? test;
    if (tokens <= target) {
      best = { test, lines, tokens };
      if (tokens >= target - TOLERANCE_TOKENS) break;
    } else tooMany = { lines, tokens };
    const low = best?.lines ?? 0;
    const high = tooMany?.lines ?? Infinity;
    if (high - low <= 1) break;
    const guess = Math.floor((lines * (target - TOLERANCE_TOKENS / 3)) / tokens);
    lines = Math.min(high - 1, Math.max(low + 1, guess));
  }
  return best?.test;
}
