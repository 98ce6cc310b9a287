import type { HttpClient } from "../vllm/http-client.ts";
import type { PassRequest } from "./benchmark.ts";
import { monitorEventLoop } from "./event-loop-monitor.ts";
import type { EventLoopFacts } from "./event-loop-monitor.ts";
import { readWhenIdle } from "./read-when-idle.ts";
import type { IdleReading } from "./read-when-idle.ts";
import { watchGpus } from "./watch-gpus.ts";
import type { GpuWatch } from "./watch-gpus.ts";

/** What the server counted, and what our own event loop and the GPUs did, while requests were measured. */
export interface WatchFacts {
  readonly before: IdleReading;
  readonly after: IdleReading;
  readonly loop: EventLoopFacts;
  readonly gpus: GpuWatch;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly finishedMs: number;
}

/** Work that is being watched. `answered`: every request had its whole answer, so the server will be idle again. */
export interface Watched<T> {
  readonly value: T;
  readonly answered: boolean;
}

/**
 * Waits until the server is idle, does the work, and waits until the server is idle again, unless it stopped answering.
 * @throws what `work` or `open` threw, or the signal's reason.
 */
export async function watchWork<T>(
  client: HttpClient,
  { server, clock, sampleGpus }: Pick<PassRequest, "server" | "clock" | "sampleGpus">,
  work: () => Promise<Watched<T>>,
  signal: AbortSignal,
): Promise<{ readonly value: T; readonly facts: WatchFacts }> {
  const before = await readWhenIdle(client, server.basePath, clock, signal);
  const startedMs = clock.now();
  using loopWatch = monitorEventLoop();
  using gpuWatch = watchGpus(sampleGpus, clock, signal);
  const { value, answered } = await work();
  const loop = loopWatch.read();
  const after = answered
    ? await readWhenIdle(client, server.basePath, clock, signal)
    : { reason: "the server stopped answering" };
  const facts = { before, after, loop, gpus: gpuWatch.read(), startedMs, finishedMs: clock.now() };
  return { value, facts };
}
