import { seededRandom, shuffled } from "../evidence/seeded-random.ts";
import type { Test } from "../evidence/suite.ts";
import type { PassRequest, WarmUp } from "./benchmark.ts";
import { chatRequest } from "../vllm/chat-request.ts";
import { testsWithinContext } from "./tests-within-context.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { httpClient } from "../vllm/http-client.ts";
import { runConcurrently } from "./run-concurrently.ts";
import { sendChat } from "./stream-request.ts";

const MIN_REQUESTS = 3;
/** Longer replies would warm up nothing more. */
const REPLY_TOKENS = 64;

/**
 * Warms up for one request at a time; further load levels have their own warm-up. Failures are ignored, because a
 * server that fails will fail in the pass too.
 */
export const warmUp: WarmUp = async (request, signal) => {
  const client = httpClient(request.server, request.clock);
  try {
    const inapplicable = await testsWithinContext(client, request.server, request.suite, signal);
    const tests = request.suite.tests.filter((test) => !inapplicable.has(test));
    await warmUpLevel(tests, 1, request, signal);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
  } finally {
    client.close();
  }
};

/** Sends twice as many requests as are in flight, but at least 3, of the tests' sizes with other content. */
export async function warmUpLevel(
  tests: readonly Test[],
  inFlight: number,
  { server, clock, seed }: Pick<PassRequest, "server" | "clock" | "seed">,
  signal: AbortSignal,
): Promise<void> {
  const queue = warmUpTests(tests, Math.max(MIN_REQUESTS, 2 * inFlight), seed);
  const work = async (inner: AbortSignal): Promise<void> => {
    for (let test = queue.pop(); test !== undefined; test = queue.pop())
      await sendChat(server, chatRequest(server, test, "fixed"), inFlight, clock, inner);
  };
  await runConcurrently(inFlight, work, signal);
}

/** Chooses tests evenly from the smallest to the largest prompt and shuffles the lines of each. */
export function warmUpTests(
  tests: readonly Test[],
  count: number,
  seed: string,
): Pick<Test, "messages" | "maxTokens">[] {
  const size = (test: Test): number =>
    test.messages.reduce((sum, message) => sum + message.content.length, 0);
  const sorted = tests.toSorted((a, b) => size(a) - size(b));
  const random = seededRandom(`warm-up|${seed}`);
  return Array.from({ length: count }, (_, index) => {
    const position = Math.round((index * (sorted.length - 1)) / Math.max(1, count - 1));
    return sorted[position];
  }).flatMap((test) =>
    test === undefined
      ? []
      : [
          {
            messages: test.messages.map((message) => ({
              role: message.role,
              content: shuffled(message.content.split("\n"), random).join("\n"),
            })),
            maxTokens: Math.min(test.maxTokens, REPLY_TOKENS),
          },
        ],
  );
}
