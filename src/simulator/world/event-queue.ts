/** Future events of the world, ordered by virtual time. */
export interface EventQueue {
  /** Schedules `act`, which is called with the time at which it was due, even if it runs later. */
  at(dueMs: number, act: (dueMs: number) => void): void;
  /** Runs all events that are due by `nowMs` in order, including those that they add. */
  runUntil(nowMs: number): void;
  /** When the next event is due. */
  readonly next: () => number | undefined;
  /** Sets the listener that is called whenever an event is added. */
  readonly onAdded: (listener: () => void) => void;
}

export function createEventQueue(): EventQueue {
  const items: { readonly dueMs: number; readonly act: (dueMs: number) => void }[] = [];
  let added = (): void => undefined;
  return {
    at(dueMs, act) {
      const later = items.findIndex((item) => item.dueMs > dueMs);
      items.splice(later === -1 ? items.length : later, 0, { dueMs, act });
      added();
    },
    runUntil(nowMs) {
      for (let first = items[0]; first !== undefined && first.dueMs <= nowMs; first = items[0]) {
        items.shift();
        first.act(first.dueMs);
      }
    },
    next: () => items[0]?.dueMs,
    onAdded(listener) {
      added = listener;
    },
  };
}
