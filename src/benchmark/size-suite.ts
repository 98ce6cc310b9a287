import { STANDARD_TESTS, estimatedLines, renderTest } from "../evidence/standard-suite.ts";
import type { TestTemplate } from "../evidence/standard-suite.ts";
import { SUITE_VERSION } from "../evidence/method.ts";
import type { Suite, Test } from "../evidence/suite.ts";
import type { Clock } from "../support/clock.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { httpClient } from "../vllm/http-client.ts";
import { countTokens } from "../vllm/server-api.ts";

const CALLS_PER_TEST = 8;
/** A prompt may be so many tokens short of its target; a line of context has fewer. */
const SLACK_TOKENS = 32;

/**
 * The suite with its contexts sized in the model's own tokens: each prompt has at most the tokens of its test, and at
 * most 32 fewer, or one line of context where that has more. Other suites, and those for a server that cannot count, are
 * returned as they are.
 * @throws what `open` threw, or the signal's reason.
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
 * Searches for the most lines that keep the prompt within its target; each guess follows the tokens a line that were
 * counted last. Undefined when the server does not count.
 */
export async function sizeTest(
  template: TestTemplate,
  target: number,
  count: (test: Test) => Promise<number | undefined>,
): Promise<Test | undefined> {
  let best: { readonly test: Test; readonly lines: number; readonly tokens: number } | undefined;
  let tooMany: { readonly lines: number; readonly tokens: number } | undefined;
  let lines = estimatedLines(template);
  for (let call = 0; call < CALLS_PER_TEST; call += 1) {
    const test = renderTest(template, lines);
    const tokens = await count(test);
    if (tokens === undefined) return undefined;
    // A prompt beyond the window has no count; the test will not apply, whatever its exact size.
    if (!Number.isFinite(tokens)) return best?.test ?? test;
    if (tokens <= target) {
      best = { test, lines, tokens };
      if (tokens >= target - SLACK_TOKENS) break;
    } else tooMany = { lines, tokens };
    const low = best?.lines ?? 0;
    const high = tooMany?.lines ?? Infinity;
    if (high - low <= 1) break;
    const guess = Math.floor((lines * (target - SLACK_TOKENS / 3)) / tokens);
    lines = Math.min(high - 1, Math.max(low + 1, guess));
  }
  return best?.test;
}
