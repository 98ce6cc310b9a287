import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../../support/errors.ts";
import type { PublisherAnswer, PublisherData } from "./publisher.ts";
import { publishRun } from "./publish-run.ts";

/** In real time. Publishing is delayed so that it does not compete with the DELETE after the last pass of a VM. */
const DELAY_MS = 300;

const { folder } = workerData as PublisherData;
let requested = 0;
let publishing = false;

// One publication handles all requests that came before it began.
parentPort?.on("message", () => {
  requested += 1;
  if (publishing) return;
  publishing = true;
  setTimeout(() => void publishAll(), DELAY_MS);
});

async function publishAll(): Promise<void> {
  let served = 0;
  let problem: string | undefined;
  while (served < requested) {
    const current = requested;
    problem = undefined;
    try {
      await publishRun(folder);
    } catch (error) {
      problem = errorText(error);
    }
    served = current;
  }
  requested = 0;
  publishing = false;
  parentPort?.postMessage({ served, problem } satisfies PublisherAnswer);
}
