import { httpClient } from "../src/vllm/http-client.ts";
import { roundTrip } from "../src/vllm/server-api.ts";
import { median } from "../src/evidence/statistics.ts";
import type { ReferenceOptions } from "../test/support/reference-server.ts";
import { realClock } from "../src/support/clock.ts";
import { againstLog } from "./against-log.ts";
import { ours } from "./clients.ts";
import { startReference } from "./reference.ts";

const TTFT_MS = 60;
const TPOT_MS = 5;
const TOKENS = 200;
const DELAY_MS = 40;
/** Output tokens of the requests that warm up. */
const WARM_UP = Array.from({ length: 8 }, (_, index) => 64 + index);

/** Compares our figures with the reference server's log, at speed 1 on loopback. */
export async function accuracy() {
  const single = await compare({}, 10, 1);
  const chunked = await compare({ tokensPerChunk: 3 }, 6, 1);
  const delayed = await compare({ delayMs: DELAY_MS }, 6, 1);
  return {
    "one stream": single.figures,
    "64 streams": (await compare({ tpotMs: 10 }, 128, 64)).figures,
    "three tokens a chunk": {
      ...chunked.figures,
      tpot_to_one_token_a_chunk: chunked.tpot / single.tpot,
      tokens_per_chunk: chunked.tokensPerChunk,
    },
    "40 ms more delay": {
      ...delayed.figures,
      adjusted_ttft_moved_ms: (delayed.adjustedTtft - single.adjustedTtft) * 1000,
    },
  };
}

async function compare(options: Partial<ReferenceOptions>, requests: number, inFlight: number) {
  await using reference = await startReference({ ttftMs: TTFT_MS, tpotMs: TPOT_MS, ...options });
  const rtt = await roundTripTo(reference.server);
  await ours(reference, WARM_UP, 1); // Lets the JIT compile the code.
  const asked = Array.from({ length: requests }, (_, index) => TOKENS + index);
  const { seen } = await ours(reference, asked, inFlight);
  const of = (key: "ttft" | "tpot"): number => median(seen.map((one) => one[key]));
  return {
    figures: againstLog(seen, await reference.served()),
    tpot: of("tpot"),
    adjustedTtft: Math.max(0, of("ttft") - rtt),
    tokensPerChunk: median(seen.map(({ tokens, chunks }) => (tokens - 1) / (chunks - 1))),
  };
}

async function roundTripTo(
  server: Parameters<typeof httpClient>[0] & { readonly basePath: string },
): Promise<number> {
  const client = httpClient(server, realClock());
  try {
    return await roundTrip(client, server.basePath, new AbortController().signal);
  } finally {
    client.close();
  }
}
