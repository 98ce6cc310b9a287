import type { Duplex } from "node:stream";
import { chatRequest } from "../src/vllm/chat-request.ts";
import { parseStream } from "../src/benchmark/parse-stream.ts";
import { sendChat } from "../src/benchmark/stream-request.ts";
import type { RawReply } from "../src/benchmark/stream-request.ts";
import { realClock } from "../src/support/clock.ts";
import { monotonicMs } from "./monotonic.ts";
import type { Reference } from "./reference.ts";

/** A request as seen by a client. Its number of tokens is unique, which identifies it in the server's log. */
export interface Seen {
  /** Number of requested tokens. */
  readonly asked: number;
  readonly tokens: number;
  /** Seconds. */
  readonly ttft: number;
  readonly tpot: number;
  readonly chunks: number;
  /** When all of the request was in the socket, in seconds on the machine's monotonic clock; only for our client. */
  readonly written?: number;
}

export interface ClientRun {
  readonly seen: readonly Seen[];
  /** Processor time of this process in seconds. */
  readonly cpu: number;
}

/** Sends the requests with a fixed number in flight. */
export type Client = (
  reference: Reference,
  asked: readonly number[],
  inFlight: number,
) => Promise<ClientRun>;

const never = new AbortController().signal;
const messages = [{ role: "user", content: "Tell me about clocks." }] as const;
const clock = realClock();

/** Our client: records times while it reads, and parses the bytes afterwards. The processor time includes both. */
export const ours: Client = async ({ server }, asked, inFlight) => {
  const replies: {
    readonly tokens: number;
    readonly raw: RawReply;
    readonly written: () => number;
  }[] = [];
  const cpu = await cpuOf(async () => {
    await runConcurrently(asked, inFlight, async (tokens) => {
      const chat = chatRequest(server, { messages, maxTokens: tokens }, "fixed");
      let written = (): number => Number.NaN;
      const open = async (): Promise<Duplex> => {
        const connection = await server.open(never);
        written = lastWrite(connection);
        return connection;
      };
      const raw = await sendChat({ ...server, open }, chat, inFlight, clock, never);
      replies.push({ tokens, raw, written });
    });
  });
  const seen: Seen[] = [];
  const parsing = await cpuOf(async () => {
    for (const { tokens, raw, written } of replies) {
      const parsed = await parseStream(raw, { maxTokens: tokens, exact: true }, clock);
      if (parsed.kind === "failed") throw new Error(parsed.reason);
      const { completionTokens, ttftS, tpotS = 0, chunks } = parsed.metrics;
      seen.push({
        asked: tokens,
        tokens: completionTokens,
        ttft: ttftS,
        tpot: tpotS,
        chunks,
        written: monotonicMs(written()) / 1000,
      });
    }
  });
  return { seen, cpu: cpu + parsing };
};

/** Waits until the last write to a stream is in the kernel, for which Node has no event. */
function lastWrite(stream: Duplex): () => number {
  let last = Number.NaN;
  for (const name of ["_write", "_writev"] as const) {
    const write = stream[name]?.bind(stream) as ((...given: unknown[]) => void) | undefined;
    const stamped = (...given: unknown[]): void => {
      write?.(...given);
      last = performance.now();
    };
    if (write !== undefined) Object.assign(stream, { [name]: stamped });
  }
  return () => last;
}

/** A client of the usual kind: uses `fetch`, parses the text as it arrives, and counts one token for each event with content. */
export const plainFetch: Client = async ({ url, server }, asked, inFlight) => {
  const seen: Seen[] = [];
  const cpu = await cpuOf(() =>
    runConcurrently(asked, inFlight, async (tokens) => {
      const begin = performance.now();
      const reply = await fetch(`${url}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: chatRequest(server, { messages, maxTokens: tokens }, "fixed").body,
      });
      const decoder = new TextDecoder();
      let buffer = "";
      let first: number | undefined;
      let last = begin;
      let events = 0;
      for await (const bytes of reply.body as unknown as AsyncIterable<Uint8Array>) {
        buffer += decoder.decode(bytes, { stream: true });
        const lines = buffer.split("\n");
        buffer = lines.pop() ?? "";
        for (const line of lines) {
          if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
          const chunk = JSON.parse(line.slice(6)) as {
            choices: { delta: { content?: string } }[];
          };
          if ((chunk.choices[0]?.delta.content ?? "") === "") continue;
          last = performance.now();
          first ??= last;
          events += 1;
        }
      }
      const ttft = ((first ?? last) - begin) / 1000;
      const tpot = (last - (first ?? last)) / 1000 / (events - 1);
      seen.push({ asked: tokens, tokens: events, ttft, tpot, chunks: events });
    }),
  );
  return { seen, cpu };
};

async function runConcurrently(
  asked: readonly number[],
  inFlight: number,
  send: (tokens: number) => Promise<void>,
): Promise<void> {
  const queue = [...asked];
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let tokens = queue.shift(); tokens !== undefined; tokens = queue.shift())
        await send(tokens);
    }),
  );
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
