import { againstLog } from "./against-log.ts";
import { ours, plainFetch } from "./clients.ts";
import type { Client } from "./clients.ts";
import { startReference } from "./reference.ts";

const STREAMS = 128;
/** Milliseconds per token: 6,400 to 64,000 tokens per second over all streams. */
const STEPS_MS = [20, 8, 4, 3, 2];
const SECONDS = 2;
const ACCURATE = 0.02;

/** Finds the load that one process can handle, for our client and for a plain `fetch` client with the same server. */
export async function clientLoad() {
  return { ours: await climb(ours), fetch: await climb(plainFetch) };
}

async function climb(client: Client) {
  const steps = [];
  for (const tpotMs of STEPS_MS) steps.push(await step(client, tpotMs));
  const accurate = steps.filter(
    ({ tpot_error_p95, miscounted }) => miscounted === 0 && tpot_error_p95 <= ACCURATE,
  );
  return {
    accurate_tokens_per_s: Math.max(0, ...accurate.map(({ tokens_per_s }) => tokens_per_s)),
    steps,
  };
}

async function step(client: Client, tpotMs: number) {
  await using reference = await startReference({ ttftMs: 50, tpotMs });
  await client(reference, [64, 65, 66], 3); // Lets the JIT compile the code.
  const tokens = Math.round((SECONDS * 1000) / tpotMs);
  const asked = Array.from({ length: STREAMS }, (_, index) => tokens + index);
  const { seen, cpu } = await client(reference, asked, STREAMS);
  const log = (await reference.served()).filter(({ completion_tokens: n }) => n >= tokens);
  const received = seen.reduce((sum, one) => sum + one.tokens, 0);
  const begin = Math.min(...log.map(({ first_write }) => first_write));
  const end = Math.max(...log.map(({ last_write }) => last_write));
  const { tpot_ratio, tpot_error_p95, miscounted } = againstLog(seen, log);
  return {
    tokens_per_s: received / (end - begin),
    cpu_us_per_token: (cpu * 1e6) / received,
    tpot_ratio: tpot_ratio.pooled,
    tpot_error_p95,
    miscounted,
  };
}
