import type { HttpClient } from "../vllm/http-client.ts";
import type { PassRequest } from "./benchmark.ts";
import { monitorEventLoop } from "./event-loop-monitor.ts";
import type { EventLoopFacts } from "./event-loop-monitor.ts";
import { readWhenIdle } from "./read-when-idle.ts";
import type { IdleReading } from "./read-when-idle.ts";
import { monitorGpus } from "./gpu-monitor.ts";
import type { GpuFacts } from "./gpu-monitor.ts";

/** The server's counters, our own event loop and the GPUs, monitored while requests were measured. */
export interface MonitoredFacts {
  readonly before: IdleReading;
  readonly after: IdleReading;
  readonly loop: EventLoopFacts;
  readonly gpus: GpuFacts;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly finishedMs: number;
}

export interface WorkResult<T> {
  readonly value: T;
  /** Whether the server still answers, so that it will become idle again. */
  readonly answered: boolean;
}

/**
 * Waits until the server is idle, does the work, and waits until the server is idle again, unless it stopped answering.
 * @throws the error of `work` or `server.open`, or the signal's reason
 */
export async function monitorWork<T>(
  client: HttpClient,
  { server, clock, sampleGpus }: Pick<PassRequest, "server" | "clock" | "sampleGpus">,
  work: () => Promise<WorkResult<T>>,
  signal: AbortSignal,
): Promise<{ readonly value: T; readonly facts: MonitoredFacts }> {
  const before = await readWhenIdle(client, server.basePath, clock, signal);
  const startedMs = clock.now();
  using loopMonitor = monitorEventLoop();
  using gpuMonitor = monitorGpus(sampleGpus, clock, signal);
  const { value, answered } = await work();
  const loop = loopMonitor.read();
  const after = answered
    ? await readWhenIdle(client, server.basePath, clock, signal)
    : { reason: "the server stopped answering" };
  const facts = {
    before,
    after,
    loop,
    gpus: gpuMonitor.read(),
    startedMs,
    finishedMs: clock.now(),
  };
  return { value, facts };
}
