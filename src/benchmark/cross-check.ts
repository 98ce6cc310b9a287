import type { RequestMetrics } from "../evidence/pass.ts";
import type { Pace } from "./benchmark.ts";
import { counterDelta } from "../vllm/server-counters.ts";
import type { CounterDelta, ServerCounters } from "../vllm/server-counters.ts";

export type CheckedRequest = RequestMetrics & { readonly requestBytes: number };

/** What is compared with the server's counters: requests between two readings while the server was idle. */
export interface CrossCheckQuestion {
  readonly before: ServerCounters;
  readonly after: ServerCounters;
  /** Those that succeeded, in any order. */
  readonly requests: readonly CheckedRequest[];
  /** Median round trip, seconds. */
  readonly rttS: number;
  /** Virtual seconds in a real one. */
  readonly speed: number;
  /** Longest time for which our own loop was blocked, real seconds. */
  readonly loopDelayS: number;
  readonly fixedLength: boolean;
  /** Cache hits are what a warm pass is for. */
  readonly warm: boolean;
  /** Several requests were in flight: then the server may preempt. */
  readonly underLoad: boolean;
  readonly pace: Pace | undefined;
}

/** `failed`: the figures are not ours. `stalled`: they are, but the connection delayed them. */
export interface CrossCheck {
  readonly failed: readonly string[];
  readonly stalled: readonly string[];
  readonly facts: {
    readonly tokens_exact: boolean;
    readonly server_decode_tps: number | null;
    readonly decode_ratio: number | null;
    readonly decode_tolerance: number;
    /** Mean of the server's own. */
    readonly server_ttft_s: number | null;
    readonly ttft_offset_s: number | null;
  };
}

const DECODE_TOLERANCE = 0.02;
const OFFSET_TOLERANCE_S = 0.015;
const OFFSET_TOLERANCE_SHARE = 0.25;
/** How late a stamp may be on a busy machine, real seconds. */
const JITTER_S = 0.005;
/** How long our own loop may be blocked on a fast clock, real seconds; a pass that needs more to be explained is void. */
const FORGIVEN_DELAY_S = 0.02;
/** Ten segments of 1,460 bytes: the first window of a TCP connection that was idle (RFC 6928). */
const FIRST_WINDOW_BYTES = 14_600;

/**
 * Compares the client's figures with the server's own counters. Token counts must agree exactly; the cache must not
 * have helped, and nothing may have been preempted but under load. The decode rate must agree within 2 % of the time
 * that the engine needs at the best pace that it has shown (a slow attempt is allowed no more), and 5 ms of jitter a
 * request, which is nothing compared to the minutes of the standard suite. On a clock of speed s each real millisecond
 * counts s times, so there the jitter does too, and (s - 1) times our loop's longest delay, 20 ms at most: such a run
 * shows that the machinery works, not how exact it is.
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
    speed * requests.length * JITTER_S + (speed - 1) * Math.min(loopDelayS, FORGIVEN_DELAY_S);
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
    const late =
      offset === undefined
        ? undefined
        : offsetFault(offset, delta, question, jitterS / requests.length);
    // A first token that was held up on its way shortens the rest: that is no fast server.
    if (ratio !== undefined && ratio > 1 + tolerance)
      (late === undefined ? failed : stalled).push(
        `decode rate ${percent(ratio - 1)} above the server's own`,
      );
    if (ratio !== undefined && ratio < 1 - tolerance)
      stalled.push(
        `the connection stalled: decode rate ${percent(1 - ratio)} below the server's own`,
      );
    if (late !== undefined) stalled.push(late);
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

/** Tokens after the first token-bearing event. */
export function decodedTokens({ completionTokens, firstTokens = 1 }: RequestMetrics): number {
  return completionTokens - firstTokens;
}

const OTHER_CLIENT = " (another client used the server)";

/** What was counted must be what these requests had, no more and no less. */
function countFaults(
  delta: CounterDelta,
  { requests, fixedLength, warm, underLoad }: CrossCheckQuestion,
): string[] {
  if (delta.restarted) return ["the server restarted during the measurement"];
  const faults: string[] = [];
  const ended = total(Object.values(delta.finished), (count) => count);
  const expect = (what: string, server: number, client: number, why = ""): void => {
    if (server !== client)
      faults.push(`${what}: the server counted ${String(server)}, we ${String(client)}${why}`);
  };
  const blame = tokensBlame(ended, requests.length);
  expect(
    "output tokens",
    delta.generationTokens,
    total(requests, (request) => request.completionTokens),
    blame,
  );
  expect(
    "prompt tokens",
    delta.promptTokens,
    total(requests, (request) => request.promptTokens),
    blame,
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

/** Tokens that differ in as many requests as ours are no other client's: every client ends requests. */
function tokensBlame(ended: number, ours: number): string {
  if (ended > ours) return OTHER_CLIENT;
  return ended === ours ? " (in as many requests: the server miscounts)" : "";
}

/** Tokens after the first of each request, by the engine's own clock. */
function serverDecodeTps(delta: CounterDelta): number | undefined {
  const tokens = delta.generationTokens - delta.decode.count;
  return delta.decode.sum > 0 && tokens > 0 ? tokens / delta.decode.sum : undefined;
}

/** How much later the first token reached us than it left the server, mean over the requests, seconds. */
function ttftOffset(delta: CounterDelta, requests: CrossCheckQuestion["requests"]): number {
  return (
    total(requests, (request) => request.ttftS) / requests.length -
    delta.ttft.sum / delta.ttft.count
  );
}

/**
 * The offset is explained by one round trip, by further ones while TCP's window grows over a long prompt, and by
 * 15 ms or a quarter of the server's own time (the best that it has shown), whichever is more, for the HTTP front end.
 */
function offsetFault(
  offset: number,
  delta: CounterDelta,
  { requests, rttS, pace }: CrossCheckQuestion,
  jitterS: number,
): string | undefined {
  const rounds =
    total(requests, ({ requestBytes }) => 1 + windowRounds(requestBytes)) / requests.length;
  const ownS = Math.min(delta.ttft.sum / delta.ttft.count, pace?.ttftS ?? Infinity);
  const slack = jitterS + Math.max(OFFSET_TOLERANCE_S, OFFSET_TOLERANCE_SHARE * ownS);
  if (offset <= rounds * rttS + slack) return undefined;
  return `the connection stalled: first tokens came ${String(Math.round(offset * 1000))} ms after the server sent them, round trip ${String(Math.round(rttS * 1000))} ms`;
}

/** Round trips that a body waits for while the window doubles. */
function windowRounds(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / FIRST_WINDOW_BYTES + 1)) - 1);
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
