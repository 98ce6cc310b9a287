import type { Clock } from "../../src/support/clock.ts";
import type { Timeline } from "../../src/simulator/vllm/timeline.ts";

/** A timeline on a jumping clock. */
export function createVirtualTimeline(clock: Clock): Timeline {
  const pending = new Set<AbortController>();
  return {
    clock,
    now: () => clock.monotonic(),
    epoch: (monotonicMs) => clock.now() + monotonicMs - clock.monotonic(),
    at: (monotonicMs, task) => {
      const cancelled = new AbortController();
      pending.add(cancelled);
      const wait = async (): Promise<void> => {
        await clock.sleep(monotonicMs - clock.monotonic(), cancelled.signal);
        pending.delete(cancelled);
        task();
      };
      wait().catch((error: unknown) => {
        if (!cancelled.signal.aborted) throw error;
      });
      return () => {
        pending.delete(cancelled);
        cancelled.abort();
      };
    },
    close: () => {
      for (const cancelled of pending) cancelled.abort();
      pending.clear();
    },
  };
}
