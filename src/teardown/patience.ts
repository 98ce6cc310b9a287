import type { Clock } from "../support/clock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** Patience ended before the deletion was confirmed; the guard or the next command continues. */
export class PatienceExceeded extends Error {
  constructor() {
    super("patience ended before the deletion was confirmed");
    this.name = "OutOfPatience";
  }
}

/** One timeout for all deletions that a command in the foreground waits for. */
export interface Patience {
  /** Aborts with `PatienceExceeded` when the current wait, or the next one, times out. */
  expired(): AbortSignal;
  /** Starts the wait, unless it is running. */
  start(): void;
  /** Stops the wait; the next `start` begins a new one. */
  stop(): void;
}

/** @param patienceMs on the given clock */
export function createPatience(clock: Clock, patienceMs: number): Patience {
  let expiry = new AbortController();
  let waiting: AbortController | undefined;
  return {
    expired: () => expiry.signal,
    start() {
      if (waiting !== undefined) return;
      waiting = new AbortController();
      clock.sleep(patienceMs, waiting.signal).then(
        () => expiry.abort(new PatienceExceeded()),
        () => undefined,
      );
    },
    stop() {
      waiting?.abort();
      waiting = undefined;
      if (expiry.signal.aborted) expiry = new AbortController();
    },
  };
}

/** Runs work with a signal that aborts after `patienceMs`; without a signal if it is undefined. */
export async function withPatience<T>(
  clock: Clock,
  patienceMs: number | undefined,
  work: (expired: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (patienceMs === undefined) return work(undefined);
  const patience = createPatience(clock, patienceMs);
  patience.start();
  try {
    return await work(patience.expired());
  } finally {
    patience.stop();
  }
}

/** Aborts when patience ends or the simulated world does. */
export function waitLimit(
  { worldEnded }: Pick<TeardownPorts, "worldEnded">,
  patience: AbortSignal | undefined,
): AbortSignal {
  return AbortSignal.any([patience, worldEnded].filter((signal) => signal !== undefined));
}
