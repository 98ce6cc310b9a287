import type { Clock } from "../support/clock.ts";
import type { ServerUnderTest } from "../benchmark/benchmark.ts";
import type { ChatRequest } from "./chat-request.ts";
import { chatPath } from "./server-api.ts";
import { streamRequest } from "../benchmark/stream-request.ts";
import type { RawReply } from "../benchmark/stream-request.ts";

/** Longest silence of a stream. With several in flight the first token waits for all prompts before it. */
const IDLE_MS = 60_000;

/**
 * Opens a connection, then sends the request on it.
 * @throws what `open` threw, or the signal's reason.
 */
export async function sendChat(
  server: ServerUnderTest,
  chat: ChatRequest,
  inFlight: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<RawReply> {
  const connection = await server.open(signal);
  return streamRequest(
    connection,
    {
      path: chatPath(server),
      apiKey: server.apiKey,
      host: server.host,
      body: chat.body,
      idleMs: IDLE_MS * inFlight,
    },
    clock,
    signal,
  );
}
