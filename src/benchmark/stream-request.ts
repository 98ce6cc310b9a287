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
  /** The `Host` header; by default loopback. */
  readonly host?: string | undefined;
  /** JSON, serialized before the measurement starts. */
  readonly body: string;
  readonly limits: StreamLimits;
}

/** Limits after which a reply is abandoned; milliseconds on the run's clock. */
export interface StreamLimits {
  /** Longest time until the first byte of the body: the server reads the prompt meanwhile. */
  readonly firstByteMs: number;
  /** Longest time without data after that. */
  readonly idleMs: number;
  /** From the request to the end of the reply. */
  readonly totalMs: number;
  readonly bytes: number;
  /** Requested tokens, which limit the number of events: almost every event has at least one token. */
  readonly maxTokens: number;
}

/** An unparsed reply: bytes with timestamps of `performance.now()`. */
export interface RawReply {
  /** When the request was written. */
  readonly sent: number;
  readonly headers: number | undefined;
  readonly status: number | undefined;
  readonly arrivals: Iterable<Arrival>;
  readonly ended: number;
  /** Why no complete answer came: the connection broke, or no more data came. */
  readonly broken: string | undefined;
  /** Which limit was exceeded. */
  readonly exceeded: string | undefined;
}

/** Longest time without data per request in flight: the first token may have to wait for all other prompts. */
const IDLE_MS = 60_000;
/** A 70B model on three Turing GPUs takes half of that to read a prompt. */
const MS_PER_PROMPT_BYTE = 3;
/** Any server worth measuring is faster. */
const MS_PER_TOKEN = 2_000;
/** Generous: an event of vLLM has some 400 bytes. */
const BYTES_PER_TOKEN = 4_096;
/** For events without tokens, or an error reply. */
const EXTRA_BYTES = 64 * 1_024;
/** For events without tokens: the role, the final usage, tool calls. */
const EXTRA_EVENTS = 32;
const EVENT_END = Buffer.from("}\n\n");

/**
 * Opens a connection and sends a chat request on it. Timeouts grow with the number of requests in flight.
 * @throws the signal's reason, or the error of `server.open`.
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
  const firstByteMs = Math.max(IDLE_MS, MS_PER_PROMPT_BYTE * chat.bytes) * inFlight;
  const limits = {
    firstByteMs,
    idleMs: IDLE_MS * inFlight,
    totalMs: firstByteMs + MS_PER_TOKEN * maxTokens,
    bytes: EXTRA_BYTES + BYTES_PER_TOKEN * maxTokens,
    maxTokens,
  };
  const { apiKey, host } = server;
  const request = { path: chatPath(server), apiKey, host, body: chat.body, limits };
  return streamRequest(connection, request, clock, signal);
}

/**
 * Sends one streaming request on a connection that it closes at the end. To keep timestamps exact, a chunk is only
 * stamped, stored and checked against the limits as it arrives. Errors are part of the reply.
 * @throws the signal's reason.
 */
export function streamRequest(
  connection: Duplex,
  { limits, ...options }: StreamRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const arrivals = chunkBuffer();
    const totalMs = clock.ceiling(limits.totalMs);
    let sent = performance.now();
    let headers: number | undefined;
    let status: number | undefined;
    let events = 0;

    const request = requestOn(connection, options);
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
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      request.destroy();
      connection.destroy();
    };
    const checkTime = (): void => {
      const now = performance.now();
      const silenceMs = arrivals.lastStamp === undefined ? limits.firstByteMs : limits.idleMs;
      const lastSign = arrivals.lastStamp ?? headers ?? sent;
      const untilSilent = lastSign + clock.ceiling(silenceMs) - now;
      const untilTotal = sent + totalMs - now;
      if (untilSilent <= 0) end({ broken: `no byte for ${seconds(silenceMs)}` });
      else if (untilTotal <= 0)
        end({ exceeded: `the reply did not end within ${seconds(limits.totalMs)}` });
      else timer = setTimeout(checkTime, Math.min(untilSilent, untilTotal));
    };
    let timer = setTimeout(checkTime, Math.min(clock.ceiling(limits.idleMs), totalMs));

    // Node assigns the socket in a later tick. Data written in this handler is sent at once.
    request.once("socket", () => {
      sent = performance.now();
      request.end(options.body);
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
            exceeded: `the reply did not end after the ${String(limits.maxTokens)} requested tokens`,
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

/** Counts the events with a JSON object that end in a chunk; it misses one whose end is split over two chunks. */
function countEvents(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(EVENT_END); at !== -1; at = bytes.indexOf(EVENT_END, at + 3))
    count += 1;
  return count;
}

function seconds(ms: number): string {
  return `${String(Math.round(ms / 1000))} s`;
}
