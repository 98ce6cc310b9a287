import { CloudError, REFUSED_KINDS } from "../cloud/cloud.ts";
import { errorText } from "../support/errors.ts";
import type { Clock } from "../support/clock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;
/** Real: nothing but the loopback lies between. */
const LOOK_AT_THE_WORLD_MS = 2_000;

/** The token belongs to another account than the run: what it does not see proves nothing. */
export class WrongAccount extends Error {
  constructor() {
    super("the token belongs to another account than the run");
    this.name = "WrongAccount";
  }
}

/** The simulated world is gone: nobody will ever answer. */
export class WorldEnded extends Error {
  constructor() {
    super("the simulated world has ended");
    this.name = "WorldEnded";
  }
}

/**
 * Waits after a failure that is not the end, longer each time, with full jitter, and never shorter than the API
 * asks. A refused token may be put right by a person: it is said and tried again slowly.
 * @throws the error itself when waiting is no use, the signal's reason when it aborts.
 */
export async function backOff(
  error: unknown,
  attempt: number,
  label: string,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  // Whoever took over destroys from here on; waiting beside it would never end.
  ports.ownership.assertCurrent();
  if (error instanceof WrongAccount) {
    ports.onAlarm?.({ kind: "wrong_account", label, message: error.message });
    return ports.clock.sleep(LONGEST_MS, signal);
  }
  if (!(error instanceof CloudError)) throw error;
  if (REFUSED_KINDS.has(error.kind)) {
    const message = `the API refuses this token: ${errorText(error)}`;
    ports.onAlarm?.({ kind: "refused", label, message });
    return ports.clock.sleep(LONGEST_MS, signal);
  }
  return ports.clock.sleep(Math.max(error.retryAfterMs ?? 0, jitter(attempt, ports)), signal);
}

/** Milliseconds from 1 s to 60 s, its upper end doubling with each attempt. */
export function jitter(attempt: number, { random = Math.random }: TeardownPorts): number {
  const upper = Math.min(LONGEST_MS, 2 * SHORTEST_MS * 2 ** Math.min(attempt, 16));
  return SHORTEST_MS + random() * (upper - SHORTEST_MS);
}

/** Aborts when patience ends, where it has an end, and with the world. */
export function endOfWaiting(
  { worldEnded }: Pick<TeardownPorts, "worldEnded">,
  patience: AbortSignal | undefined,
): AbortSignal {
  return AbortSignal.any([patience, worldEnded].filter((signal) => signal !== undefined));
}

/**
 * Gives the work a signal that aborts with WorldEnded once the world is found gone: a read of an API that is no longer
 * there would be tried again for minutes.
 */
export async function whileWorldLives<T>(
  isGone: () => Promise<boolean>,
  clock: Clock,
  work: (worldEnded: AbortSignal) => Promise<T>,
): Promise<T> {
  const world = new AbortController();
  const done = new AbortController();
  const watch = async (): Promise<void> => {
    while (!(await isGone())) await clock.sleep(LOOK_AT_THE_WORLD_MS * clock.speed, done.signal);
    world.abort(new WorldEnded());
  };
  watch().catch(() => undefined);
  try {
    return await work(world.signal);
  } finally {
    done.abort(new Error("done"));
  }
}

/** Stops waiting for a write when the signal aborts; the write itself is never cut. */
export async function raceAbort<T>(write: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new AbortController();
  const abort = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { signal: aborted.signal });
  });
  write.catch(() => undefined);
  try {
    return await Promise.race([write, abort]);
  } finally {
    aborted.abort();
  }
}
