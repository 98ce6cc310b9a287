import type { Clock } from "../support/clock.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { rootPath } from "../vllm/server-api.ts";
import { isIdle, serverCounters } from "../vllm/server-counters.ts";
import type { ServerCounters } from "../vllm/server-counters.ts";

export type IdleReading =
  | { readonly counters: ServerCounters; readonly reason?: undefined }
  /** Another client uses the server, or its counters cannot be read. */
  | { readonly counters?: undefined; readonly reason: string };

const INTERVAL_MS = 200;
const TIMEOUT_MS = 60_000;

/**
 * Reads the server's counters once no request is running or waiting and two readings in a row are equal.
 * @throws the signal's reason, or the error of `server.open`.
 */
export async function readWhenIdle(
  client: HttpClient,
  basePath: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<IdleReading> {
  const deadline = clock.monotonic() + TIMEOUT_MS;
  let previous: ServerCounters | undefined;
  for (;;) {
    const counters = await readCounters(client, basePath, signal);
    if (typeof counters === "string") return { reason: counters };
    if (previous !== undefined && isIdle(previous, counters)) return { counters };
    if (clock.monotonic() > deadline && previous !== undefined)
      return { reason: "the server is never idle: another client uses it" };
    previous = counters;
    await clock.sleep(INTERVAL_MS, signal);
  }
}

/** Returns a string if the counters cannot be read. */
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
