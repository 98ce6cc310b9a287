import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { errorText } from "../support/errors.ts";
import type { Clock } from "../support/clock.ts";
import type { ChatRequest } from "../vllm/chat-request.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import { chatPath } from "../vllm/server-api.ts";
import { chunkBuffer } from "./chunk-buffer.ts";
import { asSocket } from "../support/as-socket.ts";
import type { Arrivals } from "../vllm/sse.ts";

export interface StreamRequest {
  readonly path: string;
  readonly apiKey: string | undefined;
  /** The `Host` header; left out = loopback. */
  readonly host?: string | undefined;
  /** JSON, made before the clock starts. */
  readonly body: string;
  /** Longest silence that is no failure, milliseconds on the run's clock. */
  readonly idleMs: number;
}

/** A reply as it came: bytes with stamps of `performance.now()`, not yet looked at. */
export interface RawReply {
  /** The request was written. */
  readonly sent: number;
  readonly headers: number | undefined;
  readonly status: number | undefined;
  readonly arrivals: Arrivals;
  readonly ended: number;
  /** Why it did not end by itself. */
  readonly broken: string | undefined;
}

/** Longest silence of a stream, milliseconds. With several in flight the first token waits for all prompts before it. */
const IDLE_MS = 60_000;

/**
 * Opens a connection, then sends a chat request on it, one of `inFlight` at once.
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

/**
 * One streaming request on an open connection of its own, which is closed at the end. While it runs nothing
 * happens for a read but its stamp, taken first. What goes wrong is told in the reply.
 * @throws the signal's reason.
 */
export function streamRequest(
  connection: Duplex,
  { path, apiKey, host, body, idleMs }: StreamRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const arrivals = chunkBuffer();
    let sent = performance.now();
    let headers: number | undefined;
    let status: number | undefined;
    const silenceMs = clock.ceiling(idleMs);

    const request = httpRequest({
      method: "POST",
      path,
      host: "127.0.0.1",
      createConnection: () => asSocket(connection),
      headers: {
        ...(host === undefined ? {} : { host }),
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        accept: "text/event-stream",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
    });
    const finish = (broken: string | undefined): void => {
      const ended = performance.now();
      settle();
      resolve({ sent, headers, status, arrivals, ended, broken });
    };
    const onAbort = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    const settle = (): void => {
      clearTimeout(watch);
      signal.removeEventListener("abort", onAbort);
      request.on("error", () => undefined); // Destroying it may still report what is known already.
      request.destroy();
      connection.destroy();
    };
    const lookForSilence = (): void => {
      const left = (arrivals.lastStamp ?? headers ?? sent) + silenceMs - performance.now();
      if (left <= 0) finish(`no byte for ${String(Math.round(idleMs / 1000))} s`);
      else watch = setTimeout(lookForSilence, left);
    };
    let watch = setTimeout(lookForSilence, silenceMs);

    // Node hands the socket over in a later tick; what is written in this event goes out at once.
    request.once("socket", () => {
      sent = performance.now();
      request.end(body);
    });
    request.once("response", (response: IncomingMessage) => {
      headers = performance.now();
      status = response.statusCode;
      response.on("data", (bytes: Buffer) => {
        const stamp = performance.now();
        arrivals.add(stamp, bytes);
      });
      response.once("end", () => finish(undefined));
      response.once("error", (error) => finish(`the connection broke: ${errorText(error)}`));
    });
    request.once("error", (error) => finish(`the connection broke: ${errorText(error)}`));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
