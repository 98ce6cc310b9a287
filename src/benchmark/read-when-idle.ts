import type { Clock } from "../support/clock.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { rootPath } from "../vllm/server-api.ts";
import { isIdle, serverCounters } from "../vllm/server-counters.ts";
import type { ServerCounters } from "../vllm/server-counters.ts";

export type IdleReading =
  | { readonly counters: ServerCounters; readonly reason?: undefined }
  /** Why there is none: another client uses the server, or its counters cannot be read. */
  | { readonly counters?: undefined; readonly reason: string };

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
    if (typeof read === "string") return { reason: read };
    if (earlier !== undefined && isIdle(earlier, read)) return { counters: read };
    if (clock.monotonic() > end && earlier !== undefined)
      return { reason: "the server is never idle: another client uses it" };
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
