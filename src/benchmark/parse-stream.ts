import { setImmediate } from "node:timers/promises";
import type { RequestMetrics } from "../evidence/pass.ts";
import type { Clock } from "../support/clock.ts";
import { errorMessage, readChunk } from "../vllm/chat-chunk.ts";
import type { Usage } from "../vllm/chat-chunk.ts";
import type { ReplyLength } from "../vllm/chat-request.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { serverSentEvents } from "../vllm/sse.ts";
import type { RawReply } from "./stream-request.ts";

/** Tokens of one event. */
export interface TokenArrival {
  /** Monotonic milliseconds on the run's clock. */
  readonly atMs: number;
  readonly tokens: number;
}

export type ParsedReply =
  | {
      readonly kind: "measured";
      readonly metrics: RequestMetrics;
      readonly arrivals: readonly TokenArrival[];
      /** Monotonic milliseconds on the run's clock. */
      readonly sentMs: number;
      readonly endedMs: number;
    }
  | FailedReply;

export interface FailedReply {
  readonly kind: "failed";
  readonly reason: string;
  /** The server sent no complete answer: the connection broke, or no more data came. */
  readonly unanswered: boolean;
}

/** Turns a `NoAnswerError` into a failed reply. @throws any other error */
export function asFailedReply(error: unknown): FailedReply {
  if (error instanceof NoAnswerError)
    return { kind: "failed", reason: error.message, unanswered: true };
  throw error;
}

/** Events parsed without a pause, which takes less than a millisecond and so does not delay other rentals' streams. */
const SLICE_EVENTS = 256;

/**
 * Computes the metrics of a reply. Tokens are counted from the server's usage alone, because a chunk may have any
 * number of tokens and a token may have no text. An event contains tokens if `completion_tokens` grew or, without
 * continuous usage, if a delta has text.
 */
export async function parseStream(
  raw: RawReply,
  length: ReplyLength,
  clock: Pick<Clock, "fromStamp">,
): Promise<ParsedReply> {
  if (raw.broken !== undefined) return { kind: "failed", reason: raw.broken, unanswered: true };
  if (raw.exceeded !== undefined) return failed(raw.exceeded);
  if (raw.status !== 200) return failed(`HTTP ${String(raw.status)}: ${errorMessage(textOf(raw))}`);
  const scan = await scanStream(raw);
  if (typeof scan === "string") return failed(scan);
  const fault = faultOf(scan, length);
  if (fault !== undefined) return failed(fault);

  const { usage, tokenEvents } = scan;
  const first = tokenEvents[0];
  const last = tokenEvents.at(-1);
  if (usage === undefined || first === undefined || last === undefined)
    return failed("the reply has no tokens");
  const sentMs = clock.fromStamp(raw.sent);
  const seconds = (stamp: number): number => (clock.fromStamp(stamp) - sentMs) / 1000;
  const ttftS = seconds(first.stamp);
  const e2eS = seconds(last.stamp);
  const firstTokens = first.tokens;
  const later = usage.completionTokens - firstTokens;
  return {
    kind: "measured",
    sentMs,
    endedMs: clock.fromStamp(raw.ended),
    arrivals: tokenEvents.map(({ stamp, tokens }) => ({ atMs: clock.fromStamp(stamp), tokens })),
    metrics: {
      promptTokens: usage.promptTokens,
      completionTokens: usage.completionTokens,
      ttftS,
      tpotS: later > 0 && tokenEvents.length > 1 ? (e2eS - ttftS) / later : undefined,
      firstTokens,
      ...(scan.firstContent === undefined ? {} : { firstContentS: seconds(scan.firstContent) }),
      e2eS,
      bodyS: seconds(raw.ended),
      headersS: seconds(raw.headers ?? raw.ended),
      chunks: tokenEvents.length,
      cachedTokens: usage.cachedTokens,
      finishReason: scan.finishReason ?? "",
      text: scan.text.join(""),
    },
  };
}

/** The contents of a stream's events. */
interface StreamScan {
  readonly tokenEvents: { readonly stamp: number; readonly tokens: number }[];
  readonly text: string[];
  firstContent: number | undefined;
  finishReason: string | undefined;
  /** From the last chunk, which has no choices. */
  usage: Usage | undefined;
  done: boolean;
}

/** Returns a string if an event cannot be parsed or contains an error of the server. */
async function scanStream(raw: RawReply): Promise<StreamScan | string> {
  const scan: StreamScan = {
    tokenEvents: [],
    text: [],
    firstContent: undefined,
    finishReason: undefined,
    usage: undefined,
    done: false,
  };
  /** By index of the choice, because each choice has its own count. */
  const tokensByChoice = new Map<number, number>();
  let events = 0;
  for (const { data, stamp } of serverSentEvents(raw.arrivals)) {
    events += 1;
    if (events % SLICE_EVENTS === 0) await setImmediate();
    if (data === "[DONE]") {
      scan.done = true;
      continue;
    }
    const chunk = readChunk(data);
    if (chunk === undefined)
      return `the stream contains an event that cannot be parsed: ${data.slice(0, 80)}`;
    if (chunk.error !== undefined) return `the server reported in the stream: ${chunk.error}`;
    if (chunk.choice === undefined) {
      scan.usage = chunk.usage ?? scan.usage;
      continue;
    }
    const { index, text, reasoning, hasContent, finishReason } = chunk.choice;
    const before = tokensByChoice.get(index) ?? 0;
    const tokens =
      chunk.usage === undefined ? Number(hasContent) : chunk.usage.completionTokens - before;
    if (tokens > 0) scan.tokenEvents.push({ stamp, tokens });
    tokensByChoice.set(index, before + tokens);
    if (text !== "") scan.firstContent ??= stamp;
    scan.text.push(reasoning, text);
    // If there are several choices, `abort` takes precedence.
    if (finishReason !== undefined && scan.finishReason !== "abort")
      scan.finishReason = finishReason;
  }
  return scan;
}

/**
 * Why a reply is incomplete or wrong, if it is. These checks are needed because a request that the server aborted also
 * ends with status 200 and `[DONE]`. A missing `[DONE]` is accepted if the final usage and the finish_reason came,
 * because some proxies drop it.
 */
function faultOf(
  { done, usage, finishReason }: StreamScan,
  { maxTokens, exact }: ReplyLength,
): string | undefined {
  if (finishReason === "abort") return "the server broke off: finish_reason abort";
  if (!done && (usage === undefined || finishReason === undefined))
    return "the stream ended without [DONE]";
  if (usage === undefined) return "the server sent no final usage";
  if (finishReason === undefined) return "the server sent no finish_reason";
  if (!VALID_FINISH_REASONS.has(finishReason))
    return `the reply ended with finish_reason ${finishReason}`;
  const { completionTokens } = usage;
  if (completionTokens > maxTokens || (exact && completionTokens < maxTokens))
    return `${String(completionTokens)} tokens came instead of ${exact ? "" : "at most "}${String(maxTokens)}`;
  return exact && finishReason !== "length"
    ? `the reply ended with finish_reason ${finishReason} instead of length`
    : undefined;
}

const VALID_FINISH_REASONS: ReadonlySet<string> = new Set(["length", "stop", "tool_calls"]);

function textOf({ arrivals }: RawReply): string {
  return Buffer.concat(Array.from(arrivals, ({ bytes }) => bytes)).toString("utf8");
}

function failed(reason: string): FailedReply {
  return { kind: "failed", reason, unanswered: false };
}
