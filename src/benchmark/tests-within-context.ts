import type { Suite, Test } from "../evidence/suite.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { countTokens } from "../vllm/server-api.ts";

/** Room for what a server may add to a prompt. */
const MARGIN = 16;
/** Most that a template adds to the messages of a test: roles, a default system prompt, a date. */
const TEMPLATE = 512;

/**
 * Why a test does not apply: its prompt, counted by the server, and its reply are longer than the window. Undefined
 * when it fits, or when the server cannot count.
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
    const asked = Number.isFinite(prompt) ? `${String(prompt)} tokens` : "more tokens than fit";
    misfits.set(
      test,
      `the prompt has ${asked}, the reply ${String(test.maxTokens)}, the window ${String(server.maxModelLen)}`,
    );
  }
  return misfits;
}
