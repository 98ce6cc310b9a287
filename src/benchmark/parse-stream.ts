import type { RequestMetrics } from "../evidence/pass.ts";
import type { Clock } from "../support/clock.ts";
import { errorMessage, readChunk } from "./chat-chunk.ts";
import type { Usage } from "./chat-chunk.ts";
import { serverSentEvents } from "./sse.ts";
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
    }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Turns stamps and bytes into figures. Tokens are counted from the server's usage alone: a chunk may hold none, one
 * or several, and a token may have no text. An event bears tokens when `completion_tokens` grew or, without
 * continuous usage, when any delta has text. `fixedLength`: the exact number of tokens asked for, if one was.
 */
export function parseStream(
  raw: RawReply,
  fixedLength: number | undefined,
  clock: Pick<Clock, "fromStamp">,
): ParsedReply {
  if (raw.broken !== undefined) return failed(raw.broken);
  if (raw.status !== 200) return failed(refusal(raw));
  const scan = scanEvents(raw);
  if (typeof scan === "string") return failed(scan);
  const fault = unsound(scan, fixedLength);
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

interface Scan {
  readonly bearing: { readonly stamp: number; readonly tokens: number }[];
  readonly text: string[];
  firstContent: number | undefined;
  finishReason: string | undefined;
  /** Of the last chunk, the one without choices. */
  usage: Usage | undefined;
  done: boolean;
}

function scanEvents(raw: RawReply): Scan | string {
  const scan: Scan = {
    bearing: [],
    text: [],
    firstContent: undefined,
    finishReason: undefined,
    usage: undefined,
    done: false,
  };
  /** By index of the choice: every choice counts its own. */
  const counted = new Map<number, number>();
  for (const { data, stamp } of serverSentEvents(raw.arrivals)) {
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
 * A stop in mid-stream and a dead engine both end with status 200 and `[DONE]`: only these checks tell. `[DONE]` itself
 * says nothing that the final usage, the finish_reason and the clean end of the body do not, and proxies drop it.
 */
function unsound(scan: Scan, fixedLength: number | undefined): string | undefined {
  if (scan.finishReason === "abort") return "the server broke off: finish_reason abort";
  if (!scan.done && (scan.usage === undefined || scan.finishReason === undefined))
    return "the stream ended without [DONE]";
  if (scan.usage === undefined) return "the server sent no final usage";
  if (scan.finishReason === undefined) return "the server sent no finish_reason";
  if (
    scan.finishReason !== "length" &&
    scan.finishReason !== "stop" &&
    scan.finishReason !== "tool_calls"
  )
    return `the reply ended with finish_reason ${scan.finishReason}`;
  if (fixedLength === undefined) return undefined;
  if (scan.usage.completionTokens !== fixedLength)
    return `${String(scan.usage.completionTokens)} tokens came instead of ${String(fixedLength)}`;
  return scan.finishReason === "length"
    ? undefined
    : `the reply ended with finish_reason ${scan.finishReason} instead of length`;
}

function refusal(raw: RawReply): string {
  const body = Buffer.concat(raw.arrivals.map((arrival) => arrival.bytes)).toString("utf8");
  return `HTTP ${String(raw.status)}: ${errorMessage(body)}`;
}

function failed(reason: string): ParsedReply {
  return { kind: "failed", reason };
}
