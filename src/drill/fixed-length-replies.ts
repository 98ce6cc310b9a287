import { decodedTokens } from "../benchmark/cross-check.ts";
import { asFailedReply, parseStream, type ParsedReply } from "../benchmark/parse-stream.ts";
import { sendChat } from "../benchmark/stream-request.ts";
import type { Machine } from "../machine/machine.ts";
import type { ProbedVm } from "../sweep/probed-vm.ts";
import { chatRequest, type ChatRequest } from "../vllm/chat-request.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import type { Replies } from "./live-evidence.ts";

/** Longer than a model's own answer to such a question, so that it has to be made to go on. */
const MAX_TOKENS = 1_024;
const QUESTIONS = [
  "Name three sorting algorithms.",
  "What does HTTP status 404 mean?",
  "Write a haiku about memory.",
  "What is a mutex?",
];

/**
 * Asks short questions with replies of a fixed length, one at a time.
 * @param withStopTokens false leaves out the `stop_token_ids` that a benchmark would send.
 * @throws MachineError
 */
export function fixedLengthReplies(
  vm: ProbedVm,
  served: { readonly model: string; readonly maxModelLen: number },
  withStopTokens: boolean,
): Promise<Replies> {
  return vm.run(async (machine) => {
    const server = serverOn(machine, served);
    const parsed: ParsedReply[] = [];
    for (const question of QUESTIONS) {
      const messages = [{ role: "user", content: question }] as const;
      const fixed = chatRequest(server, { messages, maxTokens: MAX_TOKENS }, "fixed");
      const chat = withStopTokens ? fixed : withoutStopTokens(fixed);
      const reply = await sendChat(server, chat, 1, vm.clock, vm.signal).catch(asFailedReply);
      parsed.push("kind" in reply ? reply : await parseStream(reply, chat.length, vm.clock));
    }
    return summary(parsed);
  });
}

function serverOn(
  machine: Machine,
  { model, maxModelLen }: { readonly model: string; readonly maxModelLen: number },
): ServerUnderTest {
  return {
    open: (signal) => machine.openChannel(signal),
    basePath: "/v1",
    apiKey: undefined,
    model,
    maxModelLen,
  };
}

function withoutStopTokens(chat: ChatRequest): ChatRequest {
  const fields = JSON.parse(chat.body) as Record<string, unknown>;
  delete fields["stop_token_ids"];
  const body = JSON.stringify(fields);
  return { ...chat, body, bytes: Buffer.byteLength(body) };
}

function summary(replies: readonly ParsedReply[]): Replies {
  const complete = replies.filter((reply) => reply.kind === "measured");
  const speeds = complete.map(
    ({ metrics }) => decodedTokens(metrics) / (metrics.e2eS - metrics.ttftS),
  );
  return {
    asked: replies.length,
    complete: complete.length,
    failure: replies.find((reply) => reply.kind === "failed")?.reason,
    tokensPerSecond:
      speeds.length === 0 ? undefined : speeds.reduce((sum, one) => sum + one, 0) / speeds.length,
  };
}
