import { setImmediate } from "node:timers/promises";
import type { RequestMetrics } from "../evidence/pass.ts";
import type { Clock } from "../support/clock.ts";
import { errorMessage, readChunk } from "../vllm/chat-chunk.ts";
import type { Usage } from "../vllm/chat-chunk.ts";
import type { ReplyLength } from "../vllm/chat-request.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { serverSentEvents } from "../vllm/sse.ts";
import type { RawReply } from "./stream-request.ts";

/** Tokens that came in one event. */
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
  /** No whole answer came: it broke off, or the server fell silent. */
  readonly unanswered: boolean;
}

/** The reply of a server that could not be asked. @throws whatever is no `NoAnswerError` */
export function asFailedReply(error: unknown): FailedReply {
  if (error instanceof NoAnswerError)
    return { kind: "failed", reason: error.message, unanswered: true };
  throw error;
}

/** Events read at once, which takes less than a millisecond; other rentals' streams are being stamped meanwhile. */
const SLICE_EVENTS = 256;

/**
 * Turns stamps and bytes into figures. Tokens are counted from the server's usage alone: a chunk may hold none, one
 * or several, and a token may have no text. An event bears tokens when `completion_tokens` grew or, without
 * continuous usage, when any delta has text.
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

  const { usage, bearing } = scan;
  const first = bearing[0];
  const last = bearing.at(-1);
  if (usage === undefined || first === undefined || last === undefined)
    return failed("the reply holds no token");
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
    arrivals: bearing.map(({ stamp, tokens }) => ({ atMs: clock.fromStamp(stamp), tokens })),
    metrics: {
      promptTokens: usage.promptTokens,
      completionTokens: usage.completionTokens,
      ttftS,
      tpotS: later > 0 && bearing.length > 1 ? (e2eS - ttftS) / later : undefined,
      firstTokens,
      ...(scan.firstContent === undefined ? {} : { firstContentS: seconds(scan.firstContent) }),
      e2eS,
      bodyS: seconds(raw.ended),
      headersS: seconds(raw.headers ?? raw.ended),
      chunks: bearing.length,
      cachedTokens: usage.cachedTokens,
      finishReason: scan.finishReason ?? "",
      text: scan.text.join(""),
    },
  };
}

/** What the events of a stream say. */
interface StreamScan {
  readonly bearing: { readonly stamp: number; readonly tokens: number }[];
  readonly text: string[];
  firstContent: number | undefined;
  finishReason: string | undefined;
  /** Of the last chunk, the one without choices. */
  usage: Usage | undefined;
  done: boolean;
}

/** A text says which event cannot be read, or what the server reported in it. */
async function scanStream(raw: RawReply): Promise<StreamScan | string> {
  const scan: StreamScan = {
    bearing: [],
    text: [],
    firstContent: undefined,
    finishReason: undefined,
    usage: undefined,
    done: false,
  };
  /** By index of the choice: every choice counts its own. */
  const counted = new Map<number, number>();
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
      return `the stream holds an event that cannot be read: ${data.slice(0, 80)}`;
    if (chunk.error !== undefined) return `the server reported in the stream: ${chunk.error}`;
    if (chunk.choice === undefined) {
      scan.usage = chunk.usage ?? scan.usage;
      continue;
    }
    const { index, text, reasoning, bearsText, finishReason } = chunk.choice;
    const before = counted.get(index) ?? 0;
    const tokens =
      chunk.usage === undefined ? Number(bearsText) : chunk.usage.completionTokens - before;
    if (tokens > 0) scan.bearing.push({ stamp, tokens });
    counted.set(index, before + tokens);
    if (text !== "") scan.firstContent ??= stamp;
    scan.text.push(reasoning, text);
    // Of several choices the worst end counts.
    if (finishReason !== undefined && scan.finishReason !== "abort")
      scan.finishReason = finishReason;
  }
  return scan;
}

/**
 * Why the stream gives no figure. A stop in mid-stream and a dead engine both end with status 200 and `[DONE]`, so
 * only these checks tell. `[DONE]` itself says nothing that the final usage, the finish_reason and the clean end of
 * the body do not, and proxies drop it.
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
  if (!ENDS.has(finishReason)) return `the reply ended with finish_reason ${finishReason}`;
  const { completionTokens } = usage;
  if (completionTokens > maxTokens || (exact && completionTokens < maxTokens))
    return `${String(completionTokens)} tokens came instead of ${exact ? "" : "at most "}${String(maxTokens)}`;
  return exact && finishReason !== "length"
    ? `the reply ended with finish_reason ${finishReason} instead of length`
    : undefined;
}

const ENDS: ReadonlySet<string> = new Set(["length", "stop", "tool_calls"]);

function textOf({ arrivals }: RawReply): string {
  return Buffer.concat(Array.from(arrivals, ({ bytes }) => bytes)).toString("utf8");
}

function failed(reason: string): FailedReply {
  return { kind: "failed", reason, unanswered: false };
}
