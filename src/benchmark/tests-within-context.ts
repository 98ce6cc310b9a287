import type { Suite, Test } from "../evidence/suite.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { countTokens } from "../vllm/server-api.ts";

/** For tokens that a server may add to a prompt. */
const MARGIN = 16;
/** Most tokens that a chat template adds to the messages: roles, a default system prompt, a date. */
const TEMPLATE = 512;

/**
 * Finds the tests whose prompt, reply and a margin exceed the context window, with the reason. Prompts are counted by
 * the server; if it cannot count, all tests are assumed to fit.
 * @throws the errors of the client.
 */
export async function testsWithinContext(
  client: HttpClient,
  server: ServerUnderTest,
  suite: Suite,
  signal: AbortSignal,
): Promise<ReadonlyMap<Test, string>> {
  const inapplicable = new Map<Test, string>();
  for (const test of suite.tests) {
    const text = test.messages.map((message) => message.content).join("");
    // A text never has more tokens than bytes, so most tests need not be counted.
    if (Buffer.byteLength(text) + TEMPLATE + test.maxTokens <= server.maxModelLen) continue;
    const prompt = await countTokens(client, server, test.messages, signal);
    if (prompt === undefined || prompt + test.maxTokens + MARGIN <= server.maxModelLen) continue;
    inapplicable.set(test, inapplicableText(prompt, test.maxTokens, server.maxModelLen));
  }
  return inapplicable;
}

/** `prompt` is infinite if the server did not count it because it exceeds the window. */
function inapplicableText(prompt: number, reply: number, window: number): string {
  if (!Number.isFinite(prompt))
    return `the prompt alone is longer than the window of ${String(window)} tokens`;
  const needed = prompt + reply + MARGIN;
  return `it needs ${String(needed)} tokens (prompt ${String(prompt)}, reply ${String(reply)}, margin ${String(MARGIN)}), the window has ${String(window)}`;
}
