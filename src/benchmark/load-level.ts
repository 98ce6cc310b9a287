import { setImmediate } from "node:timers/promises";
import type { LoadResult } from "../evidence/record.ts";
import { seededRandom, shuffled } from "../evidence/seeded-random.ts";
import type { Test } from "../evidence/suite.ts";
import { readWhenIdle } from "./wait-until-idle.ts";
import type { PassRequest } from "./benchmark.ts";
import { chatRequest } from "../vllm/chat-request.ts";
import { countFaults } from "./cross-check.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { runConcurrently } from "./run-concurrently.ts";
import { parseStream } from "./parse-stream.ts";
import { counterDelta } from "../vllm/server-counters.ts";
import { sendChat } from "./stream-request.ts";
import type { RawReply } from "./stream-request.ts";
import { throughput } from "./throughput.ts";
import type { LoadRequest } from "./throughput.ts";
import { warmUpLevel } from "./warm-up.ts";

const REQUESTS_PER_STREAM = 10;

/** Every level above one request in flight, in the order given. @throws what `open` threw, or the signal's reason. */
export async function runLoadLevels(
  client: HttpClient,
  tests: readonly Test[],
  request: PassRequest,
  signal: AbortSignal,
): Promise<LoadResult[]> {
  const results: LoadResult[] = [];
  for (const inFlight of request.load) {
    if (inFlight <= 1 || tests.length === 0) continue;
    await warmUpLevel(tests, inFlight, request, signal);
    results.push(await runLevel(client, tests, inFlight, request, signal));
  }
  return results;
}

/**
 * Closed loop: `inFlight` lanes, each of which sends its next request when the last one ended, 10 requests a lane.
 * So its latencies are service times; nothing is queued on our side. Replies are looked at when all have ended.
 */
async function runLevel(
  client: HttpClient,
  tests: readonly Test[],
  inFlight: number,
  { server, clock, seed, mode = "fixed" }: PassRequest,
  signal: AbortSignal,
): Promise<LoadResult> {
  const before = await readWhenIdle(client, server.basePath, clock, signal);
  const queue = endlessly(tests, `load|${String(inFlight)}|${seed}`);
  const replies: { readonly raw: RawReply; readonly fixedLength: number | undefined }[] = [];
  let left = inFlight * REQUESTS_PER_STREAM;
  const lane = async (inner: AbortSignal): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const chat = chatRequest(server.model, queue(), mode === "natural" ? "natural" : "fixed");
      const raw = await sendChat(server, chat, inFlight, clock, inner);
      replies.push({ raw, fixedLength: chat.fixedLength });
    }
  };
  await runConcurrently(inFlight, lane, signal);
  const after = await readWhenIdle(client, server.basePath, clock, signal);

  const requests: LoadRequest[] = [];
  const failures: string[] = [];
  for (const { raw, fixedLength } of replies) {
    const parsed = parseStream(raw, fixedLength, clock);
    if (parsed.kind === "failed") failures.push(parsed.reason);
    else
      requests.push({
        ...parsed,
        sentMs: clock.fromStamp(raw.sent),
        endedMs: clock.fromStamp(raw.ended),
      });
    await setImmediate(); // Other rentals' streams are being stamped meanwhile.
  }
  const faults =
    before.kind === "at rest" && after.kind === "at rest"
      ? countFaults(
          counterDelta(before.counters, after.counters),
          {
            requests: requests.map(({ metrics }) => metrics),
            fixedLength: mode !== "natural",
            warm: false,
          },
          true,
        )
      : ["no cross-check: the server was not at rest"];
  return {
    concurrency: inFlight,
    requests: replies.length,
    failed: failures.length,
    ...throughput(requests, inFlight),
    reasons: failures.length > 0 ? [...new Set(failures)] : faults,
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
