import { request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { asSocket } from "../support/as-socket.ts";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import type { ChatRequest } from "../vllm/chat-request.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";
import { chatPath } from "../vllm/server-api.ts";
import type { Arrival } from "../vllm/sse.ts";
import { chunkBuffer } from "./chunk-buffer.ts";

export interface StreamRequest {
  readonly path: string;
  readonly apiKey: string | undefined;
  /** The `Host` header; left out = loopback. */
  readonly host?: string | undefined;
  /** JSON, made before the clock starts. */
  readonly body: string;
  readonly limits: StreamLimits;
}

/** What a reply may take before it is given up; milliseconds on the run's clock. */
export interface StreamLimits {
  /** Longest silence. */
  readonly idleMs: number;
  /** From the request to the end. */
  readonly totalMs: number;
  readonly bytes: number;
  /** Tokens that were asked for; each event with a JSON object has one at least, but for a few. */
  readonly maxTokens: number;
}

/** A reply as it came: bytes with stamps of `performance.now()`, not yet looked at. */
export interface RawReply {
  /** The request was written. */
  readonly sent: number;
  readonly headers: number | undefined;
  readonly status: number | undefined;
  readonly arrivals: Iterable<Arrival>;
  readonly ended: number;
  /** Why it did not end by itself: the connection broke, or the server fell silent. */
  readonly broken: string | undefined;
  /** Which limit it passed. */
  readonly exceeded: string | undefined;
}

/** Longest silence of a stream, milliseconds. With several in flight the first token waits for all prompts before it. */
const IDLE_MS = 60_000;
/** Slower than any server that is worth measuring. */
const MS_PER_TOKEN = 2_000;
/** An event of vLLM has some 400 bytes, most of them names. */
const BYTES_PER_TOKEN = 4_096;
/** Head and tail of a stream, or a refusal. */
const EXTRA_BYTES = 64 * 1_024;
/** Events without a token: the role, the final usage, tool calls. */
const EXTRA_EVENTS = 32;
const EVENT_END = Buffer.from("}\n\n");

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
  const { maxTokens } = chat.length;
  const limits = {
    idleMs: IDLE_MS * inFlight,
    totalMs: IDLE_MS * inFlight + MS_PER_TOKEN * maxTokens,
    bytes: EXTRA_BYTES + BYTES_PER_TOKEN * maxTokens,
    maxTokens,
  };
  const { apiKey, host } = server;
  const request = { path: chatPath(server), apiKey, host, body: chat.body, limits };
  return streamRequest(connection, request, clock, signal);
}

/**
 * One streaming request on an open connection of its own, which is closed at the end. While it runs nothing
 * happens for a read but its stamp, taken first, and the check of its limits. What goes wrong is in the reply.
 * @throws the signal's reason.
 */
export function streamRequest(
  connection: Duplex,
  { limits, ...asked }: StreamRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const arrivals = chunkBuffer();
    const silenceMs = clock.ceiling(limits.idleMs);
    const totalMs = clock.ceiling(limits.totalMs);
    let sent = performance.now();
    let headers: number | undefined;
    let status: number | undefined;
    let events = 0;

    const request = requestOn(connection, asked);
    const end = (outcome: Partial<Pick<RawReply, "broken" | "exceeded">>): void => {
      const ended = performance.now();
      settle();
      const { broken, exceeded } = outcome;
      resolve({ sent, headers, status, arrivals, ended, broken, exceeded });
    };
    const breakOff = (error: Error): void =>
      end({ broken: `the connection broke: ${errorText(error)}` });
    const onAbort = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    const settle = (): void => {
      clearTimeout(watch);
      signal.removeEventListener("abort", onAbort);
      request.destroy();
      connection.destroy();
    };
    const checkTime = (): void => {
      const now = performance.now();
      const untilSilent = (arrivals.lastStamp ?? headers ?? sent) + silenceMs - now;
      const untilTotal = sent + totalMs - now;
      if (untilSilent <= 0) end({ broken: `no byte for ${seconds(limits.idleMs)}` });
      else if (untilTotal <= 0)
        end({ exceeded: `the reply did not end within ${seconds(limits.totalMs)}` });
      else watch = setTimeout(checkTime, Math.min(untilSilent, untilTotal));
    };
    let watch = setTimeout(checkTime, Math.min(silenceMs, totalMs));

    // Node hands the socket over in a later tick; what is written in this event goes out at once.
    request.once("socket", () => {
      sent = performance.now();
      request.end(asked.body);
    });
    request.once("response", (response: IncomingMessage) => {
      headers = performance.now();
      status = response.statusCode;
      response.on("data", (bytes: Buffer) => {
        const stamp = performance.now();
        arrivals.add(stamp, bytes);
        events += countEvents(bytes);
        if (events > limits.maxTokens + EXTRA_EVENTS || arrivals.bytes > limits.bytes)
          end({
            exceeded: `the reply did not end after the ${String(limits.maxTokens)} tokens asked for`,
          });
      });
      response.once("end", () => end({}));
      response.on("error", breakOff);
    });
    request.on("error", breakOff);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function requestOn(
  connection: Duplex,
  { path, apiKey, host, body }: Omit<StreamRequest, "limits">,
): ClientRequest {
  return httpRequest({
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
}

/** Events with a JSON object that end in a read; one whose end is split over two reads is missed. */
function countEvents(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(EVENT_END); at !== -1; at = bytes.indexOf(EVENT_END, at + 3))
    count += 1;
  return count;
}

function seconds(ms: number): string {
  return `${String(Math.round(ms / 1000))} s`;
}
