import { randomUUID } from "node:crypto";
import type { RequestMetrics, TestResult } from "../evidence/pass.ts";
import type { Test } from "../evidence/suite.ts";
import { chatRequest } from "../vllm/chat-request.ts";
import type { PassRequest } from "./benchmark.ts";
import { asFailedReply, parseStream } from "./parse-stream.ts";
import type { FailedReply } from "./parse-stream.ts";
import { sendChat } from "./stream-request.ts";

export interface TestRun {
  readonly result: TestResult;
  /** For the cross-check; undefined if the request failed. */
  readonly request: (RequestMetrics & { readonly requestBytes: number }) | undefined;
  /** Whether the server sent a complete answer, even an error; undefined if the test was not sent. */
  readonly answered: boolean | undefined;
}

/**
 * Runs one test, alone on the server, and parses its reply. Only prompts with the same `salt` share the prefix cache;
 * by default it is random, so that there are no hits.
 * @throws the signal's reason, or the error of `server.open` unless that is a `NoAnswerError`.
 */
export async function runTest(
  test: Test,
  { server, clock, mode = "fixed" }: Pick<PassRequest, "server" | "clock" | "mode">,
  signal: AbortSignal,
  salt: string = randomUUID(),
): Promise<TestRun> {
  const chat = chatRequest(server, test, mode, salt);
  const reply = await sendChat(server, chat, 1, clock, signal).catch(asFailedReply);
  const parsed = "kind" in reply ? reply : await parseStream(reply, chat.length, clock);
  if (parsed.kind === "failed") return failedTest(test, parsed);
  const { metrics } = parsed;
  const result = resultOf(test, { kind: "measured", metrics });
  return {
    result: mode === "natural" ? withNeedles(test, result, metrics.text) : result,
    request: { ...metrics, requestBytes: chat.bytes },
    answered: true,
  };
}

export function resultOf(test: Test, outcome: TestResult["outcome"]): TestResult {
  return {
    name: test.name,
    category: test.category,
    sha256: test.sha256,
    prompt: test.messages.map((message) => message.content).join("\n\n"),
    expectedTokens: test.maxTokens,
    outcome,
  };
}

function failedTest(test: Test, { reason, unanswered }: FailedReply): TestRun {
  return {
    result: resultOf(test, { kind: "failed", reason }),
    request: undefined,
    answered: !unanswered,
  };
}

function withNeedles(test: Test, result: TestResult, text: string): TestResult {
  if (test.needles === undefined) return result;
  const found = test.needles.filter((needle) => text.includes(needle)).length;
  return { ...result, needles: { found, of: test.needles.length } };
}
