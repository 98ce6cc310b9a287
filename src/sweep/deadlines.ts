import type { Clock } from "../support/clock.ts";

/** The reason of a rental that used up the time it had reserved. */
export class DeadlineReached extends Error {
  constructor() {
    super("its deadline was reached");
    this.name = "DeadlineReached";
  }
}

export interface Deadlines {
  /** Aborts with `DeadlineReached` once the wall clock shows `atMs`. */
  open(label: string, atMs: number): AbortSignal;
  close(label: string): void;
  /** One ticker for all, until the signal aborts; never rejects. */
  watch(signal: AbortSignal): Promise<void>;
}

const TICK_MS = 5_000;
/** Wall and monotonic time that differ by more, in real time: the machine slept, or its clock was set. */
const JUMP_REAL_MS = 5_000;

/**
 * Deadlines are wall-clock times: one long timer would stop while a laptop sleeps, and then fire hours late.
 * @param onJump gets the milliseconds (real) by which wall time ran ahead of monotonic time.
 */
export function createDeadlines(clock: Clock, onJump: (milliseconds: number) => void): Deadlines {
  const open = new Map<string, { readonly atMs: number; readonly controller: AbortController }>();
  const check = (): void => {
    for (const { atMs, controller } of open.values()) {
      if (clock.now() >= atMs && !controller.signal.aborted)
        controller.abort(new DeadlineReached());
    }
  };
  return {
    open(label, atMs) {
      const controller = new AbortController();
      open.set(label, { atMs, controller });
      check();
      return controller.signal;
    },
    close(label) {
      open.delete(label);
    },
    async watch(signal) {
      let wall = clock.now();
      let monotonic = clock.monotonic();
      while (!signal.aborted) {
        await clock.sleep(TICK_MS, signal).catch(() => undefined);
        const ahead = (clock.now() - wall - (clock.monotonic() - monotonic)) / clock.speed;
        wall = clock.now();
        monotonic = clock.monotonic();
        check();
        if (Math.abs(ahead) > JUMP_REAL_MS) onJump(ahead);
      }
    },
  };
}
