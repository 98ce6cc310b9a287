import type { Suite, Test } from "../evidence/suite.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { countTokens } from "../vllm/server-api.ts";

/** Room for what a server may add to a prompt. */
const MARGIN = 16;
/** Most that a template adds to the messages of a test: roles, a default system prompt, a date. */
const TEMPLATE = 512;

/**
 * Why a test does not apply: its prompt, counted by the server, its reply and a margin are longer than the window. Tests
 * that fit are not in it, nor any when the server cannot count.
 * @throws as the client does.
 */
export async function testsWithinContext(
  client: HttpClient,
  server: ServerUnderTest,
  suite: Suite,
  signal: AbortSignal,
): Promise<ReadonlyMap<Test, string>> {
  const misfits = new Map<Test, string>();
  for (const test of suite.tests) {
    const text = test.messages.map((message) => message.content).join("");
    // No tokenizer makes more tokens than bytes, so most tests need no question.
    if (Buffer.byteLength(text) + TEMPLATE + test.maxTokens <= server.maxModelLen) continue;
    const prompt = await countTokens(client, server, test.messages, signal);
    if (prompt === undefined || prompt + test.maxTokens + MARGIN <= server.maxModelLen) continue;
    misfits.set(test, misfitText(prompt, test.maxTokens, server.maxModelLen));
  }
  return misfits;
}

/** `prompt`: infinite when the server did not count it, because it is longer than the window. */
function misfitText(prompt: number, reply: number, window: number): string {
  if (!Number.isFinite(prompt))
    return `the prompt alone is longer than the window of ${String(window)} tokens`;
  const needed = prompt + reply + MARGIN;
  return `it needs ${String(needed)} tokens (prompt ${String(prompt)}, reply ${String(reply)}, margin ${String(MARGIN)}), the window has ${String(window)}`;
}
