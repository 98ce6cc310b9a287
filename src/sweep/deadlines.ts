import type { Clock } from "../support/clock.ts";

/** Aborts a rental that has used up its reserved time. */
export class DeadlineReached extends Error {
  constructor() {
    super("its deadline was reached");
    this.name = "DeadlineReached";
  }
}

/** Aborts a measurement during which the clock jumped. */
export class ClockJumped extends Error {
  constructor() {
    super("the clock jumped: this machine slept, or its clock was set");
    this.name = "ClockJumped";
  }
}

export interface Deadlines {
  /** Aborts with `DeadlineReached` once the wall clock shows `atMs`. */
  open(label: string, atMs: number): AbortSignal;
  close(label: string): void;
  /** Aborts before the deadline. */
  end(label: string, reason: Error): void;
  /** Aborts with `ClockJumped` at the next jump. */
  nextJump(): AbortSignal;
  /** Checks the deadlines and the clock until the signal aborts; never rejects. */
  watch(signal: AbortSignal): Promise<void>;
}

const TICK_MS = 5_000;
/** If wall and monotonic time differ by more real time than this, the machine slept or its clock was set. */
const JUMP_REAL_MS = 5_000;
/** If a tick is later than this, the monotonic clock ran during a sleep (macOS) or the process was stopped. */
const LATE_REAL_MS = 15_000;

/**
 * Deadlines are wall-clock times that are checked every few seconds, because a long timer stops while a laptop sleeps.
 * After a jump, expired rentals are aborted before current measurements.
 * @param onJump gets the real milliseconds by which wall time ran ahead or a tick was late
 */
export function createDeadlines(clock: Clock, onJump: (milliseconds: number) => void): Deadlines {
  const open = new Map<string, { readonly atMs: number; readonly controller: AbortController }>();
  let jump = new AbortController();
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
    end(label, reason) {
      open.get(label)?.controller.abort(reason);
    },
    nextJump: () => jump.signal,
    async watch(signal) {
      let wall = clock.now();
      let monotonic = clock.monotonic();
      while (!signal.aborted) {
        await clock.sleep(TICK_MS, signal).catch(() => undefined);
        const ticked = clock.monotonic() - monotonic;
        const ahead = (clock.now() - wall - ticked) / clock.speed;
        const late = (ticked - TICK_MS) / clock.speed;
        wall = clock.now();
        monotonic = clock.monotonic();
        check();
        if (Math.abs(ahead) <= JUMP_REAL_MS && late <= LATE_REAL_MS) continue;
        jump.abort(new ClockJumped());
        jump = new AbortController();
        onJump(Math.abs(ahead) > JUMP_REAL_MS ? ahead : late);
      }
    },
  };
}
