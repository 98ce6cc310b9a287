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
import { monitorWork } from "./monitor-work.ts";

const REQUESTS_PER_STREAM = 10;
/** Requests in a row without an answer that end a level. */
const UNANSWERED_IN_A_ROW = 2;

/** The result of one load level: its part of the record, and its requests one by one. */
export interface MeasuredLevel {
  readonly result: LoadResult;
  readonly rows: LoadRequests;
  /** The server stopped answering. */
  readonly stopped: boolean;
}

/**
 * Runs each load level above one request in flight, in order, until the server stops answering.
 * @throws the signal's reason, or the error of `server.open` unless that is a `NoAnswerError`.
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

/** Adds to the verdict of a pass why load levels were not sound. */
export function withLoadVerdicts(verdict: Verdict, levels: readonly MeasuredLevel[]): Verdict {
  const unsound = levels.flatMap(({ result: { in_flight: inFlight, ...level } }) =>
    level.verdict === "sound"
      ? []
      : [`${String(inFlight)} in flight: ${level.verdict}: ${level.reasons.join("; ")}`],
  );
  return unsound.length === 0 ? verdict : { ...verdict, load_not_sound: unsound };
}

/**
 * Runs a closed loop: each of `inFlight` streams sends 10 requests one after the other. Nothing is queued on our side,
 * so the latencies are service times. The level is judged like a pass, and has figures only if it is sound.
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
    // The measured requests will fail too if the server does not answer.
    if (!(error instanceof NoAnswerError)) throw error;
  });
  const { value, facts } = await monitorWork(client, request, work, signal);
  const { requests, failures, rows } = await readReplies(value.sent, request);
  const verdict = judge({
    ...facts,
    requests: requests.map(({ metrics, requestBytes }) => ({ ...metrics, requestBytes })),
    failures: [...new Set(failures)],
    rttS,
    speed: clock.speed,
    mode: mode === "natural" ? "natural" : "fixed",
    // The pace of single requests does not apply to several at once.
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
  const nextTest = endlessTests(tests, `load|${String(inFlight)}|${seed}`);
  const sent: SentRequest[] = [];
  let remaining = inFlight * REQUESTS_PER_STREAM;
  let unanswered = 0;
  const stream = async (inner: AbortSignal): Promise<void> => {
    while (remaining > 0 && unanswered < UNANSWERED_IN_A_ROW) {
      remaining -= 1;
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

/** Parses the replies; called only after the last stream has ended, so that it does not disturb the measurement. */
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
    await setImmediate(); // Let the streams of other rentals get their timestamps.
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

/** Repeats the tests, each round in another random order. */
function endlessTests(tests: readonly Test[], seed: string): () => Test {
  const random = seededRandom(seed);
  let round: Test[] = [];
  return () => {
    if (round.length === 0) round = shuffled(tests, random);
    return round.pop() as Test;
  };
}
