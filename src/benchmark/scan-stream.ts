import { errorMessage, readChunk } from "../vllm/chat-chunk.ts";
import type { Usage } from "../vllm/chat-chunk.ts";
import type { ServerSentEvent } from "../vllm/sse.ts";
import type { RawReply } from "./stream-request.ts";

/** What the events of a stream say. */
export interface StreamScan {
  readonly bearing: { readonly stamp: number; readonly tokens: number }[];
  readonly text: string[];
  firstContent: number | undefined;
  finishReason: string | undefined;
  /** Of the last chunk, the one without choices. */
  usage: Usage | undefined;
  done: boolean;
}

/** A text says which event cannot be read, or what the server reported in it. */
export function scanStream(events: readonly ServerSentEvent[]): StreamScan | string {
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
  for (const { data, stamp } of events) {
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
export function unsound(scan: StreamScan, fixedLength: number | undefined): string | undefined {
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

/** Why a reply is no stream to look into: it broke off, or its status is not 200. */
export function notStreamed(raw: RawReply): string | undefined {
  if (raw.broken !== undefined) return raw.broken;
  if (raw.status === 200) return undefined;
  const body = Buffer.concat(Array.from(raw.arrivals, (arrival) => arrival.bytes)).toString("utf8");
  return `HTTP ${String(raw.status)}: ${errorMessage(body)}`;
}
