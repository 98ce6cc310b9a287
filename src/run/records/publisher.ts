import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Journal } from "../../journal/events.ts";
import { errorText } from "../../support/errors.ts";
import { publishRun } from "./publish-run.ts";

/** Publishes the sound passes of a run as its journal gets them: never before a DELETE, never inside a measurement. */
export interface Publisher {
  /**
   * Waits until everything is published, or the signal aborts: who publishes the run next does the rest.
   * @returns why something could not be published, a line each
   */
  close(leaveToGuard: AbortSignal): Promise<readonly string[]>;
}

export interface PublisherData {
  /** The run's. */
  readonly folder: string;
}

/** How many requests were served, and why that failed. */
export interface PublisherAnswer {
  readonly served: number;
  readonly problem: string | undefined;
}

const PROGRAM = new URL(
  `./publisher-thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  import.meta.url,
);

/**
 * Publishes in a thread of its own. What a thread that died has not published is published when the publisher is
 * closed, in this thread.
 * @param database only its size matters: a large one needs much memory. @param program another one, for tests
 */
export function startPublisher(
  journal: Pick<Journal, "subscribe">,
  folder: string,
  database: string,
  program = PROGRAM,
): Publisher {
  const worker = new Worker(program, {
    workerData: { folder } satisfies PublisherData,
    // Its garbage is never urgent: left alone it grows to hundreds of megabytes.
    resourceLimits: {
      maxYoungGenerationSizeMb: 8,
      maxOldGenerationSizeMb: 256 + 8 * sizeMb(database),
    },
  });
  worker.unref();
  let pending = 0;
  let problem: string | undefined;
  let died = false;
  let onIdle: (() => void) | undefined;
  worker.on("message", (answer: PublisherAnswer) => {
    pending -= answer.served;
    ({ problem } = answer);
    if (pending === 0) onIdle?.();
  });
  // Whatever ended it, "exit" follows.
  worker.on("error", () => undefined);
  worker.on("exit", () => {
    died = true;
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
      if (pending === 0 || died || leaveToGuard.aborted) resolve();
    });
  return {
    async close(leaveToGuard) {
      unsubscribe();
      worker.ref();
      await idle(leaveToGuard);
      const isLeft = died && pending > 0 && !leaveToGuard.aborted;
      await worker.terminate();
      if (isLeft) problem = await publishRun(folder).then(() => undefined, errorText);
      pending = 0;
      return problem === undefined ? [] : [problem];
    },
  };
}

function sizeMb(file: string): number {
  return Math.ceil((statSync(file, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20);
}
