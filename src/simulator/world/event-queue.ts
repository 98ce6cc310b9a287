/** What is going to happen in the world, by virtual time. */
export interface EventQueue {
  /** `act` gets the moment it was due, which a late look must not blur. */
  at(dueMs: number, act: (dueMs: number) => void): void;
  /** Does all that is due until then, oldest first; what that adds, too. */
  runUntil(nowMs: number): void;
  /** When the next thing is due. */
  readonly next: () => number | undefined;
  /** Called whenever something is added, so that a sleeper can look again. */
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
