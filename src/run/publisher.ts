import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { BenchmarkRecord } from "../evidence/record.ts";

/** Publishes records beside a sweep, in a thread of its own: never before a DELETE, never inside a measurement. */
export interface Publisher {
  publish(record: BenchmarkRecord): void;
  /**
   * Waits until all is written, or the signal aborts: who publishes from the journal next does the rest.
   * @returns what could not be, in words.
   */
  close(leaveToGuard: AbortSignal): Promise<readonly string[]>;
}

/** @param file the database. */
export function startPublisher(file: string): Publisher {
  const worker = new Worker(new URL("./publisher-thread.js", import.meta.url), {
    workerData: { file },
    // Its garbage is never urgent: left alone it grows to hundreds of megabytes. A large database needs its room.
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 + 8 * sizeMb(file) },
  });
  worker.unref();
  const problems: string[] = [];
  let open = 0;
  let idle: (() => void) | undefined;
  const settle = (problem: string | undefined): void => {
    if (problem !== undefined) problems.push(problem);
    open -= 1;
    if (open <= 0) idle?.();
  };
  worker.on("message", (message: { problem?: string }) => {
    settle(message.problem);
  });
  worker.on("error", (error) => {
    problems.push(error instanceof Error ? error.message : String(error));
    open = 0;
    idle?.();
  });
  return {
    publish(record) {
      open += 1;
      worker.postMessage(record);
    },
    async close(leaveToGuard) {
      if (open > 0 && !leaveToGuard.aborted) {
        worker.ref();
        await new Promise<void>((resolve) => {
          idle = resolve;
          leaveToGuard.addEventListener("abort", () => {
            resolve();
          });
        });
      }
      await worker.terminate();
      return problems;
    },
  };
}

function sizeMb(file: string): number {
  return Math.ceil((statSync(file, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20);
}
