import type { Clock } from "../support/clock.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { rootPath } from "../vllm/server-api.ts";
import { waitUntilIdle, serverCounters } from "../vllm/server-counters.ts";
import type { ServerCounters } from "../vllm/server-counters.ts";

export type IdleReading =
  | { readonly kind: "at rest"; readonly counters: ServerCounters }
  /** Read, but somebody uses the server; or not to be read at all. */
  | { readonly kind: "busy" | "unreadable"; readonly reason: string };

const BETWEEN_MS = 200;
const PATIENCE_MS = 60_000;

/**
 * The server's counters once nothing runs, nothing waits and two readings in a row are equal.
 * @throws what `open` threw, or the signal's reason.
 */
export async function readWhenIdle(
  client: HttpClient,
  basePath: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<IdleReading> {
  const end = clock.monotonic() + PATIENCE_MS;
  let earlier: ServerCounters | undefined;
  for (;;) {
    const read = await readCounters(client, basePath, signal);
    if (typeof read === "string") return { kind: "unreadable", reason: read };
    if (earlier !== undefined && waitUntilIdle(earlier, read))
      return { kind: "at rest", counters: read };
    if (clock.monotonic() > end && earlier !== undefined)
      return { kind: "busy", reason: "the server did not come to rest: another client uses it" };
    earlier = read;
    await clock.sleep(BETWEEN_MS, signal);
  }
}

async function readCounters(
  client: HttpClient,
  basePath: string,
  signal: AbortSignal,
): Promise<ServerCounters | string> {
  const path = `${rootPath(basePath)}/metrics`;
  try {
    const reply = await client.get(path, signal);
    if (reply.status !== 200) return `${path}: HTTP ${String(reply.status)}`;
    return serverCounters(reply.body) ?? `${path} lacks vLLM's counters`;
  } catch (error) {
    if (error instanceof NoAnswerError) return error.message;
    throw error;
  }
}
