import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Journal } from "../../journal/events.ts";
import { errorText } from "../../support/errors.ts";
import { publishRun } from "./publish-run.ts";

/** Publishes the sound passes of a run while it continues, without delaying a DELETE or a measurement. */
export interface Publisher {
  /**
   * Waits until everything is published or the signal aborts; the next process that publishes the run then does the rest.
   * @returns lines that say why records could not be published
   */
  close(leaveToGuard: AbortSignal): Promise<readonly string[]>;
}

/** The input of the publisher's thread. */
export interface PublisherData {
  /** The run's folder. */
  readonly folder: string;
}

/** A message from the publisher's thread. */
export interface PublisherAnswer {
  /** The number of requests that it handled. */
  readonly served: number;
  /** Why publishing failed, if it did. */
  readonly problem: string | undefined;
}

const PROGRAM = new URL(
  `./publisher-thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  import.meta.url,
);

/**
 * Starts a publisher in a worker thread. If the thread crashes, `close` publishes the rest in this thread.
 * @param database its size determines the thread's memory limit
 * @param program replaces the thread's program in tests
 */
export function startPublisher(
  journal: Pick<Journal, "subscribe">,
  folder: string,
  database: string,
  program = PROGRAM,
): Publisher {
  const worker = new Worker(program, {
    workerData: { folder } satisfies PublisherData,
    // Without limits, garbage would grow to hundreds of megabytes before it is collected.
    resourceLimits: {
      maxYoungGenerationSizeMb: 8,
      maxOldGenerationSizeMb: 256 + 8 * sizeMb(database),
    },
  });
  worker.unref();
  let pending = 0;
  let problem: string | undefined;
  let hasExited = false;
  let onIdle: (() => void) | undefined;
  worker.on("message", (answer: PublisherAnswer) => {
    pending -= answer.served;
    ({ problem } = answer);
    if (pending === 0) onIdle?.();
  });
  // "exit" follows every error.
  worker.on("error", () => undefined);
  worker.on("exit", () => {
    hasExited = true;
    onIdle?.();
  });
  const unsubscribe = journal.subscribe(({ type }) => {
    if (type !== "pass.finished") return;
    pending += 1;
    worker.postMessage("publish");
  });
  const idle = (leaveToGuard: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      onIdle = resolve;
      leaveToGuard.addEventListener("abort", () => resolve(), { once: true });
      if (pending === 0 || hasExited || leaveToGuard.aborted) resolve();
    });
  return {
    async close(leaveToGuard) {
      unsubscribe();
      worker.ref();
      await idle(leaveToGuard);
      const isUnpublished = hasExited && pending > 0 && !leaveToGuard.aborted;
      await worker.terminate();
      if (isUnpublished) problem = await publishRun(folder).then(() => undefined, errorText);
      pending = 0;
      return problem === undefined ? [] : [problem];
    },
  };
}

function sizeMb(file: string): number {
  return Math.ceil((statSync(file, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20);
}
