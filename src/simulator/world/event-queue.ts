/** What is going to happen, by virtual time. */
export interface EventQueue {
  /** `act` gets the moment at which it was due, however late it runs. */
  at(dueMs: number, act: (dueMs: number) => void): void;
  /** Runs everything that is due until then, oldest first, and what that adds. */
  runUntil(nowMs: number): void;
  /** When the next one is due. */
  readonly next: () => number | undefined;
  /** Called whenever something is added. */
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
