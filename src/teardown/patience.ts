import type { Clock } from "../support/clock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** Patience ended before the proof; the guard, or the next command, keeps destroying. */
export class PatienceExceeded extends Error {
  constructor() {
    super("patience ended before the proof");
    this.name = "OutOfPatience";
  }
}

/** How long a program in the foreground waits for proof: one deadline for all that it destroys. */
export interface Patience {
  /** Aborts with `PatienceExceeded` at the end of the wait that is under way, or of the next one. */
  over(): AbortSignal;
  /** Starts the wait; does nothing while it runs. */
  start(): void;
  /** Ends the wait; the next `start` begins a new one. */
  stop(): void;
}

/** @param patienceMs virtual */
export function createPatience(clock: Clock, patienceMs: number): Patience {
  let over = new AbortController();
  let waiting: AbortController | undefined;
  return {
    over: () => over.signal,
    start() {
      if (waiting !== undefined) return;
      waiting = new AbortController();
      clock.sleep(patienceMs, waiting.signal).then(
        () => over.abort(new PatienceExceeded()),
        () => undefined,
      );
    },
    stop() {
      waiting?.abort();
      waiting = undefined;
      if (over.signal.aborted) over = new AbortController();
    },
  };
}

/** Gives the work a signal that aborts after so many virtual milliseconds, if a number is given. */
export async function withPatience<T>(
  clock: Clock,
  patienceMs: number | undefined,
  work: (over: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (patienceMs === undefined) return work(undefined);
  const patience = createPatience(clock, patienceMs);
  patience.start();
  try {
    return await work(patience.over());
  } finally {
    patience.stop();
  }
}

/** Aborts when patience ends, if it has an end, and with the simulated world. */
export function waitLimit(
  { worldEnded }: Pick<TeardownPorts, "worldEnded">,
  patience: AbortSignal | undefined,
): AbortSignal {
  return AbortSignal.any([patience, worldEnded].filter((signal) => signal !== undefined));
}
