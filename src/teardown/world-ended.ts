import type { Clock } from "../support/clock.ts";

/** Real: only the loopback interface lies between. */
const LOOK_AT_THE_WORLD_MS = 2_000;

/** The simulated world is gone: no request will ever be answered. */
export class WorldEnded extends Error {
  constructor() {
    super("the simulated world has ended");
    this.name = "WorldEnded";
  }
}

/**
 * Gives the work a signal that aborts with WorldEnded once the world is gone: reads of an API that no longer exists
 * would be tried again for minutes.
 */
export async function untilWorldEnds<T>(
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
