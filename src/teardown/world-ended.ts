import type { Clock } from "../support/clock.ts";

/** In real time. */
const POLL_MS = 2_000;

/** The simulated world has ended, with all its VMs. */
export class WorldEnded extends Error {
  constructor() {
    super("the simulated world has ended");
    this.name = "WorldEnded";
  }
}

/**
 * Runs work with a signal that aborts with `WorldEnded`, so that it does not retry requests to an API that no longer
 * exists.
 */
export async function untilWorldEnds<T>(
  isGone: () => Promise<boolean>,
  clock: Clock,
  work: (worldEnded: AbortSignal) => Promise<T>,
): Promise<T> {
  const world = new AbortController();
  const done = new AbortController();
  const watch = async (): Promise<void> => {
    while (!(await isGone())) await clock.sleep(POLL_MS * clock.speed, done.signal);
    world.abort(new WorldEnded());
  };
  watch().catch(() => undefined);
  try {
    return await work(world.signal);
  } finally {
    done.abort(new Error("done"));
  }
}
