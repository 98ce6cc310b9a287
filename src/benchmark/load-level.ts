import { setImmediate } from "node:timers/promises";
import type { LoadRequestRow, LoadRequests, LoadResult } from "../evidence/load-result.ts";
import type { Verdict } from "../evidence/record.ts";
import { seededRandom, shuffled } from "../evidence/seeded-random.ts";
import type { Test } from "../evidence/suite.ts";
import { chatRequest } from "../vllm/chat-request.ts";
import type { ChatRequest } from "../vllm/chat-request.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import type { PassRequest } from "./benchmark.ts";
import { judge } from "./judge.ts";
import { asFailedReply, parseStream } from "./parse-stream.ts";
import type { FailedReply } from "./parse-stream.ts";
import { runConcurrently } from "./run-concurrently.ts";
import { sendChat } from "./stream-request.ts";
import type { RawReply } from "./stream-request.ts";
import { throughput } from "./throughput.ts";
import type { LoadRequest } from "./throughput.ts";
import { warmUpLevel } from "./warm-up.ts";
import { watchWork } from "./watched-work.ts";

const REQUESTS_PER_STREAM = 10;
/** Requests in a row without an answer that end a level. */
const UNANSWERED_IN_A_ROW = 2;

/** What one level of load gave: its part of the record, and its requests one by one. */
export interface MeasuredLevel {
  readonly result: LoadResult;
  readonly rows: LoadRequests;
  /** The server stopped answering. */
  readonly stopped: boolean;
}

/**
 * Every level above one request in flight, in the order given, until the server stops answering.
 * @throws what `open` threw unless that is a `NoAnswerError`, or the signal's reason.
 */
export async function runLoadLevels(
  client: HttpClient,
  tests: readonly Test[],
  rttS: number,
  request: PassRequest,
  signal: AbortSignal,
): Promise<MeasuredLevel[]> {
  const levels: MeasuredLevel[] = [];
  if (tests.length === 0) return levels;
  for (const inFlight of request.load.filter((level) => level > 1)) {
    const level = await runLevel(client, tests, rttS, inFlight, request, signal);
    levels.push(level);
    if (level.stopped) break;
  }
  return levels;
}

/** The verdict of a pass, with the levels of load that gave no figure. */
export function withLoadVerdicts(verdict: Verdict, levels: readonly MeasuredLevel[]): Verdict {
  const unsound = levels.flatMap(({ result: { in_flight: inFlight, ...level } }) =>
    level.verdict === "sound"
      ? []
      : [`${String(inFlight)} in flight: ${level.verdict}: ${level.reasons.join("; ")}`],
  );
  return unsound.length === 0 ? verdict : { ...verdict, load_not_sound: unsound };
}

/**
 * Closed loop: so many streams, each of which sends its next request when the last one ended, 10 requests a stream. So
 * its latencies are service times; nothing is queued on our side. Watched and judged as a pass is; without a sound
 * verdict it has no figure.
 */
async function runLevel(
  client: HttpClient,
  tests: readonly Test[],
  rttS: number,
  inFlight: number,
  request: PassRequest,
  signal: AbortSignal,
): Promise<MeasuredLevel> {
  const { clock, mode = "fixed" } = request;
  const work = async () => {
    const value = await sendRequests(tests, inFlight, request, signal);
    return { value, answered: !value.stopped };
  };
  await warmUpLevel(tests, inFlight, request, signal).catch((error: unknown) => {
    if (!(error instanceof NoAnswerError)) throw error; // It shows in the level itself.
  });
  const { value, facts } = await watchWork(client, request, work, signal);
  const { requests, failures, rows } = await readReplies(value.sent, request);
  const verdict = judge({
    ...facts,
    requests: requests.map(({ metrics, requestBytes }) => ({ ...metrics, requestBytes })),
    failures: [...new Set(failures)],
    rttS,
    speed: clock.speed,
    mode: mode === "natural" ? "natural" : "fixed",
    // The pace of one request at a time says nothing of several.
    pace: undefined,
    underLoad: true,
  });
  const { state, reasons, ...checks } = verdict;
  return {
    result: {
      in_flight: inFlight,
      requests: value.sent.length,
      failed: failures.length,
      ...(state === "sound" ? throughput(requests, inFlight) : {}),
      verdict: state,
      reasons,
      checks,
    },
    rows: { in_flight: inFlight, requests: rows },
    stopped: value.stopped,
  };
}

interface SentRequest {
  readonly test: Test;
  readonly chat: ChatRequest;
  readonly reply: RawReply | FailedReply;
}

async function sendRequests(
  tests: readonly Test[],
  inFlight: number,
  { server, clock, seed, mode }: PassRequest,
  signal: AbortSignal,
): Promise<{ readonly sent: readonly SentRequest[]; readonly stopped: boolean }> {
  const nextTest = endlessly(tests, `load|${String(inFlight)}|${seed}`);
  const sent: SentRequest[] = [];
  let left = inFlight * REQUESTS_PER_STREAM;
  let unanswered = 0;
  const stream = async (inner: AbortSignal): Promise<void> => {
    while (left > 0 && unanswered < UNANSWERED_IN_A_ROW) {
      left -= 1;
      const test = nextTest();
      const chat = chatRequest(server, test, mode === "natural" ? "natural" : "fixed");
      const reply = await sendChat(server, chat, inFlight, clock, inner).catch(asFailedReply);
      sent.push({ test, chat, reply });
      const isAnswered = "kind" in reply ? !reply.unanswered : reply.broken === undefined;
      unanswered = isAnswered ? 0 : unanswered + 1;
    }
  };
  await runConcurrently(inFlight, stream, signal);
  return { sent, stopped: unanswered >= UNANSWERED_IN_A_ROW };
}

interface ReadReplies {
  readonly requests: readonly LoadRequest[];
  readonly failures: readonly string[];
  readonly rows: readonly LoadRequestRow[];
}

/** Only once no stream is measured any more. */
async function readReplies(
  sent: readonly SentRequest[],
  { clock }: PassRequest,
): Promise<ReadReplies> {
  const requests: LoadRequest[] = [];
  const failures: string[] = [];
  const rows: LoadRequestRow[] = [];
  for (const { test, chat, reply } of sent) {
    const parsed = "kind" in reply ? reply : await parseStream(reply, chat.length, clock);
    if (parsed.kind === "failed") {
      failures.push(parsed.reason);
      rows.push({ test: test.name, reason: parsed.reason });
    } else {
      requests.push({ ...parsed, requestBytes: chat.bytes });
      rows.push(rowOf(test, parsed));
    }
    await setImmediate(); // Other rentals' streams are being stamped meanwhile.
  }
  return { requests, failures, rows };
}

function rowOf(test: Test, { sentMs, metrics }: Omit<LoadRequest, "requestBytes">): LoadRequestRow {
  return {
    test: test.name,
    sent_s: sentMs / 1000,
    prompt_tokens: metrics.promptTokens,
    completion_tokens: metrics.completionTokens,
    ttft_s: metrics.ttftS,
    ...(metrics.tpotS === undefined ? {} : { tpot_s: metrics.tpotS }),
    e2e_s: metrics.e2eS,
    elapsed_time: metrics.bodyS,
    chunks: metrics.chunks,
  };
}

function endlessly(tests: readonly Test[], seed: string): () => Test {
  const random = seededRandom(seed);
  let round: Test[] = [];
  return () => {
    if (round.length === 0) round = shuffled(tests, random);
    return round.pop() as Test;
  };
}
