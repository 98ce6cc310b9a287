import type { Clock } from "../support/clock.ts";
import type { TestEnd } from "./benchmark.ts";
import { readChunk } from "../vllm/chat-chunk.ts";
import { notStreamed, scanStream, unsound } from "./scan-stream.ts";
import { serverSentEvents } from "../vllm/sse.ts";
import type { Arrival, Arrivals, ServerSentEvent } from "../vllm/sse.ts";
import type { RawReply } from "./stream-request.ts";

/** Holds the first token, before which a server sends no more than the role. */
const HEAD_BYTES = 2 * 1024;
/** Holds the finish reason, the final usage and `[DONE]`. */
const TAIL_BYTES = 4 * 1024;

/**
 * What a reply's two ends say, by the rules by which the whole is read after the pass: enough for a line about a test
 * that has just ended, at a cost that does not grow with the reply. The stamps of other streams must not wait for it.
 */
export function previewResult(
  raw: RawReply,
  fixedLength: number | undefined,
  clock: Pick<Clock, "fromStamp">,
): TestEnd["outcome"] {
  const refused = notStreamed(raw);
  if (refused !== undefined) return { kind: "failed", reason: refused };
  const { arrivals } = raw;
  const scan = scanStream(lastEvents(arrivals));
  if (typeof scan === "string") return { kind: "failed", reason: scan };
  const { usage } = scan;
  const fault = unsound(scan, fixedLength);
  if (fault !== undefined || usage === undefined)
    return { kind: "failed", reason: fault ?? "the server sent no final usage" };

  const sentMs = clock.fromStamp(raw.sent);
  const seconds = (stamp: number): number => (clock.fromStamp(stamp) - sentMs) / 1000;
  const first = serverSentEvents(firstReads(arrivals)).find(bearsToken);
  return {
    kind: "measured",
    metrics: {
      completionTokens: usage.completionTokens,
      ttftS: first === undefined ? undefined : seconds(first.stamp),
      bodyS: seconds(raw.ended),
    },
  };
}

function firstReads(arrivals: Arrivals): Arrival[] {
  const reads: Arrival[] = [];
  let left = HEAD_BYTES;
  for (const { stamp, bytes } of arrivals) {
    if (left <= 0) break;
    reads.push({ stamp, bytes: bytes.subarray(0, left) });
    left -= bytes.length;
  }
  return reads;
}

function lastEvents(arrivals: Arrivals): ServerSentEvent[] {
  const reads: Arrival[] = [];
  let left = TAIL_BYTES;
  let index = arrivals.length - 1;
  for (; left > 0 && index >= 0; index -= 1) {
    const { stamp, bytes } = arrivals.at(index) as Arrival;
    reads.push({ stamp, bytes: bytes.subarray(Math.max(0, bytes.length - left)) });
    left -= bytes.length;
  }
  const events = serverSentEvents(reads.toReversed());
  // What stands before the tail may have taken the first event's beginning along.
  return left < 0 || index >= 0 ? events.slice(1) : events;
}

function bearsToken({ data }: ServerSentEvent): boolean {
  const chunk = readChunk(data);
  if (chunk?.choice === undefined) return false;
  return (chunk.usage?.completionTokens ?? Number(chunk.choice.bearsText)) > 0;
}
