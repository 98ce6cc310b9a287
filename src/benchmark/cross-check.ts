import type { RequestMetrics } from "../evidence/pass.ts";
import type { Pace } from "./benchmark.ts";
import { counterDelta } from "../vllm/server-counters.ts";
import type { CounterDelta, ServerCounters } from "../vllm/server-counters.ts";

export type CheckedRequest = RequestMetrics & { readonly requestBytes: number };

/** Requests to compare with the server's counters, which were read before and after while the server was idle. */
export interface CrossCheckQuestion {
  readonly before: ServerCounters;
  readonly after: ServerCounters;
  /** All requests succeeded; their order does not matter. */
  readonly requests: readonly CheckedRequest[];
  /** Median round trip, seconds. */
  readonly rttS: number;
  /** Virtual seconds per real second. */
  readonly speed: number;
  /** How late our own event loop was, real seconds: at the longest, and at the 99th percentile. */
  readonly loopDelayS: { readonly longest: number; readonly p99: number };
  /** Whether every reply must have the requested length. */
  readonly fixedLength: boolean;
  /** Whether hits of the prefix cache are expected. */
  readonly warm: boolean;
  /** Several requests were in flight, so the server may preempt some. */
  readonly underLoad: boolean;
  readonly pace: Pace | undefined;
}

/** `failed`: the counters contradict the client's figures. `stalled`: the connection delayed the replies. */
export interface CrossCheck {
  readonly failed: readonly string[];
  readonly stalled: readonly string[];
  readonly facts: {
    readonly tokens_exact: boolean;
    readonly server_decode_tps: number | null;
    readonly decode_ratio: number | null;
    readonly decode_tolerance: number;
    /** Mean of the server's own TTFT. */
    readonly server_ttft_s: number | null;
    readonly ttft_offset_s: number | null;
  };
}

const DECODE_TOLERANCE = 0.02;
const OFFSET_TOLERANCE_S = 0.015;
const OFFSET_TOLERANCE_SHARE = 0.25;
/** How late a timestamp may be on a busy machine, real seconds. */
const JITTER_S = 0.005;
/** Ten segments of 1,460 bytes: the initial congestion window of TCP (RFC 6928). */
const FIRST_WINDOW_BYTES = 14_600;

/**
 * Compares the client's figures with the server's own counters.
 *
 * - Token counts must be equal.
 * - There must be no hits of the prefix cache, and no preemptions unless under load.
 * - Decode times must agree within 2 % of the time that the engine needs at its best observed pace, plus 5 ms of jitter
 *   per request.
 *
 * On a clock of speed s, each real millisecond counts s times, and client and server share one machine. The jitter of a
 * request is then at least twice the 99th percentile of our event loop's delay, once for each side, and its longest delay
 * is added once, all times s. Accuracy is therefore only meaningful at speed 1.
 */
export function crossCheck(question: CrossCheckQuestion): CrossCheck {
  const { requests, speed, loopDelayS, pace } = question;
  const delta = counterDelta(question.before, question.after);
  const failed = countFaults(delta, question);
  const exact = failed.length === 0;
  const decodeS = total(requests, ({ e2eS, ttftS }) => e2eS - ttftS);
  const decodeTokens = total(requests, decodedTokens);
  const serverTps = serverDecodeTps(delta);
  const best = Math.max(serverTps ?? 0, pace?.decodeTps ?? 0);
  const jitterS =
    speed > 1
      ? speed * (requests.length * Math.max(JITTER_S, 2 * loopDelayS.p99) + loopDelayS.longest)
      : requests.length * JITTER_S;
  const allowedS =
    DECODE_TOLERANCE * (best > 0 ? Math.min(decodeS, decodeTokens / best) : decodeS) + jitterS;
  const tolerance = decodeS > 0 ? allowedS / decodeS : DECODE_TOLERANCE;
  const ratio =
    serverTps !== undefined && decodeS > 0 ? decodeTokens / decodeS / serverTps : undefined;
  const offset =
    delta.ttft.count > 0 && requests.length > 0 ? ttftOffset(delta, requests) : undefined;

  const stalled: string[] = [];
  if (exact) {
    if (delta.decode.count !== requests.length)
      failed.push("the server does not count the decode time of every request");
    const ttftStall =
      offset === undefined
        ? undefined
        : ttftStallReason(offset, delta, question, jitterS / requests.length);
    // If the first token was delayed on its way, the decode time is too short.
    if (ratio !== undefined && ratio > 1 + tolerance)
      (ttftStall === undefined ? failed : stalled).push(
        `decode rate ${percent(ratio - 1)} above the server's own`,
      );
    if (ratio !== undefined && ratio < 1 - tolerance)
      stalled.push(
        `the connection stalled: decode rate ${percent(1 - ratio)} below the server's own`,
      );
    if (ttftStall !== undefined) stalled.push(ttftStall);
  }
  return {
    failed,
    stalled,
    facts: {
      tokens_exact: exact,
      server_decode_tps: serverTps ?? null,
      decode_ratio: ratio ?? null,
      decode_tolerance: tolerance,
      server_ttft_s: delta.ttft.count > 0 ? delta.ttft.sum / delta.ttft.count : null,
      ttft_offset_s: offset ?? null,
    },
  };
}

/** Tokens that arrived after the first event with tokens. */
export function decodedTokens({ completionTokens, firstTokens = 1 }: RequestMetrics): number {
  return completionTokens - firstTokens;
}

const OTHER_CLIENT = " (another client used the server)";

/** Differences between the server's counts and the requests. */
function countFaults(
  delta: CounterDelta,
  { requests, fixedLength, warm, underLoad }: CrossCheckQuestion,
): string[] {
  if (delta.restarted) return ["the server restarted during the measurement"];
  const faults: string[] = [];
  const ended = total(Object.values(delta.finished), (count) => count);
  const expect = (name: string, server: number, client: number, explanation = ""): void => {
    if (server !== client)
      faults.push(
        `${name}: the server counted ${String(server)}, we ${String(client)}${explanation}`,
      );
  };
  const explanation = explainTokenDifference(ended, requests.length);
  expect(
    "output tokens",
    delta.generationTokens,
    total(requests, (request) => request.completionTokens),
    explanation,
  );
  expect(
    "prompt tokens",
    delta.promptTokens,
    total(requests, (request) => request.promptTokens),
    explanation,
  );
  const { stop = 0, length = 0, ...others } = delta.finished;
  expect(
    "finished requests",
    stop + length,
    requests.length,
    ended > requests.length ? OTHER_CLIENT : "",
  );
  if (fixedLength) expect("requests of full length", length, requests.length);
  for (const [reason, count] of Object.entries(others))
    if (count > 0) faults.push(`${String(count)} requests ended with ${reason}`);
  if (!warm && delta.cacheHits > 0)
    faults.push(`${String(delta.cacheHits)} prompt tokens came from the prefix cache`);
  if (!underLoad && delta.preemptions > 0)
    faults.push(`the server preempted ${String(delta.preemptions)} times`);
  return faults;
}

/** If only our requests ended, no other client can have caused the difference. */
function explainTokenDifference(ended: number, ours: number): string {
  if (ended > ours) return OTHER_CLIENT;
  return ended === ours ? " (in as many requests: the server miscounts)" : "";
}

/** Tokens per second without the first token of each request, by the engine's own clock. */
function serverDecodeTps(delta: CounterDelta): number | undefined {
  const tokens = delta.generationTokens - delta.decode.count;
  return delta.decode.sum > 0 && tokens > 0 ? tokens / delta.decode.sum : undefined;
}

/** The client's mean TTFT minus the server's, seconds. */
function ttftOffset(delta: CounterDelta, requests: CrossCheckQuestion["requests"]): number {
  return (
    total(requests, (request) => request.ttftS) / requests.length -
    delta.ttft.sum / delta.ttft.count
  );
}

/**
 * The expected offset is one round trip, further ones while TCP's congestion window grows over a long prompt, and for
 * the HTTP front end 15 ms or a quarter of the server's best TTFT, whichever is more. A larger offset is a stall.
 */
function ttftStallReason(
  offset: number,
  delta: CounterDelta,
  { requests, rttS, pace }: CrossCheckQuestion,
  jitterS: number,
): string | undefined {
  const rounds =
    total(requests, ({ requestBytes }) => 1 + windowRounds(requestBytes)) / requests.length;
  const serverTtftS = Math.min(delta.ttft.sum / delta.ttft.count, pace?.ttftS ?? Infinity);
  const tolerance = jitterS + Math.max(OFFSET_TOLERANCE_S, OFFSET_TOLERANCE_SHARE * serverTtftS);
  if (offset <= rounds * rttS + tolerance) return undefined;
  return `the connection stalled: first tokens came ${String(Math.round(offset * 1000))} ms after the server sent them, round trip ${String(Math.round(rttS * 1000))} ms`;
}

/** Additional round trips to send a body while the congestion window doubles. */
function windowRounds(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / FIRST_WINDOW_BYTES + 1)) - 1);
}

function total<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
