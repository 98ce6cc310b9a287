import { CloudError } from "../cloud/cloud.ts";
import { backoffMs } from "../support/backoff.ts";
import { errorText } from "../support/errors.ts";
import { WrongAccount } from "./find-vm.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * Waits before a retry: longer each time, with jitter, and at least as long as the API asks for. A refused token raises
 * an alarm and is tried again once a minute, because a user may fix it.
 * @throws the error itself if a retry cannot help; the signal's reason; FencedError
 */
export async function backOff(
  error: unknown,
  attempt: number,
  label: string,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  // A newer owner continues the teardown.
  ports.ownership.assertCurrent();
  if (error instanceof WrongAccount) {
    ports.onAlarm?.({ kind: "wrong_account", label, message: error.message });
    return ports.clock.sleep(LONGEST_MS, signal);
  }
  if (!(error instanceof CloudError)) throw error;
  if (error.kind === "token" || error.kind === "scope") {
    const message = `the API refuses this token: ${errorText(error)}`;
    ports.onAlarm?.({ kind: "refused", label, message });
    return ports.clock.sleep(LONGEST_MS, signal);
  }
  return ports.clock.sleep(Math.max(error.retryAfterMs ?? 0, retryMs(attempt, ports)), signal);
}

/** Milliseconds from 1 s to 60 s. */
export function retryMs(attempt: number, { random }: Pick<TeardownPorts, "random">): number {
  return backoffMs(attempt, {
    firstMs: 2 * SHORTEST_MS,
    longestMs: LONGEST_MS,
    shortestMs: SHORTEST_MS,
    random,
  });
}
