import type { Clock } from "../support/clock.ts";
import type { PassRequest } from "./benchmark.ts";

const EVERY_MS = 5_000;
/** Each sample is a command on the VM: never more than one in a real second. */
const EVERY_REAL_MS = 1_000;

export interface Throttling {
  readonly reasons: readonly string[];
  readonly samples: number;
}

/** Asks now and then why the GPUs are slower than they could be, until it is disposed of. */
export function watchThrottling(
  throttled: PassRequest["throttled"],
  clock: Clock,
  signal: AbortSignal,
): Disposable & { read(): Throttling } {
  const reasons = new Set<string>();
  let samples = 0;
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const sample = async (): Promise<void> => {
    if (throttled === undefined) return;
    for (;;) {
      await clock.sleep(Math.max(EVERY_MS, EVERY_REAL_MS * clock.speed), both);
      for (const reason of await throttled(both)) reasons.add(reason);
      samples += 1;
    }
  };
  // The end is an abort; a machine that does not answer shows in the requests themselves.
  sample().catch(() => undefined);
  return {
    read: () => ({ reasons: [...reasons], samples }),
    [Symbol.dispose]: () => {
      ended.abort();
    },
  };
}
