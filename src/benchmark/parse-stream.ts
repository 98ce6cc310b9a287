import type { RequestMetrics } from "../evidence/pass.ts";
import type { Clock } from "../support/clock.ts";
import { notStreamed, scanStream, unsound } from "./scan-stream.ts";
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
  const refused = notStreamed(raw);
  if (refused !== undefined) return failed(refused);
  const scan = scanStream(serverSentEvents(raw.arrivals));
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

function failed(reason: string): ParsedReply {
  return { kind: "failed", reason };
}
