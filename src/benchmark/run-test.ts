import { randomUUID } from "node:crypto";
import type { PassMode, RequestMetrics, TestResult } from "../evidence/pass.ts";
import type { Test } from "../evidence/suite.ts";
import type { Clock } from "../support/clock.ts";
import type { PassRequest } from "./benchmark.ts";
import { chatRequest } from "../vllm/chat-request.ts";
import type { ChatRequest } from "../vllm/chat-request.ts";
import { parseStream } from "./parse-stream.ts";
import { sendChat } from "./stream-request.ts";
import type { RawReply } from "./stream-request.ts";

/** A test whose reply is there and not yet read. */
export interface AnsweredTest {
  readonly test: Test;
  readonly mode: PassMode;
  readonly chat: ChatRequest;
  readonly raw: RawReply;
}

export interface TestRun {
  readonly result: TestResult;
  /** For the cross-check; undefined when it failed. */
  readonly request: (RequestMetrics & { readonly requestBytes: number }) | undefined;
}

/**
 * Sends one test, alone on the server.
 * @throws what `open` threw, or the signal's reason.
 */
export async function sendTest(
  test: Test,
  { server, clock }: Pick<PassRequest, "server" | "clock">,
  mode: PassMode,
  salt: string | undefined,
  signal: AbortSignal,
): Promise<AnsweredTest> {
  const chat = chatRequest(server.model, test, mode, salt ?? randomUUID());
  return { test, mode, chat, raw: await sendChat(server, chat, 1, clock, signal) };
}

/** Takes milliseconds for a long reply: not for while streams are stamped. */
export function readAnswer({ test, mode, chat, raw }: AnsweredTest, clock: Clock): TestRun {
  const parsed = parseStream(raw, chat.fixedLength, clock);
  if (parsed.kind === "failed") return { result: resultOf(test, parsed), request: undefined };
  const { metrics } = parsed;
  const result = resultOf(test, { kind: "measured", metrics });
  return {
    result: mode === "natural" ? withNeedles(test, result, metrics.text) : result,
    request: { ...metrics, requestBytes: chat.bytes },
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

function withNeedles(test: Test, result: TestResult, text: string): TestResult {
  if (test.needles === undefined) return result;
  const found = test.needles.filter((needle) => text.includes(needle)).length;
  return { ...result, needles: { found, of: test.needles.length } };
}
