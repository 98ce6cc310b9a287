import type { Clock } from "../../support/clock.ts";

export type Cancel = () => void;

/** Runs tasks at absolute deadlines, with a single timer. All times are virtual milliseconds. */
export interface Timeline {
  readonly clock: Clock;
  /** Monotonic. */
  now(): number;
  /** Converts a monotonic time to milliseconds since the epoch, with a fraction. */
  epoch(monotonicMs: number): number;
  /** Runs a task at this time or slightly later, in order of time. */
  at(monotonicMs: number, task: () => void): Cancel;
  close(): void;
}

interface Entry {
  readonly dueReal: number;
  task: (() => void) | undefined;
}

/**
 * Sets one timer for the next deadline. Tasks run within about a millisecond after their deadline; all tasks that are
 * due then run together. Deadlines are absolute, so that a late timer does not delay later tasks.
 */
export function createTimeline(clock: () => Clock): Timeline {
  const heap: Entry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Infinity;
  let anchor: { clock: Clock; offset: number } | undefined;

  const run = (): void => {
    armedFor = Infinity;
    const now = performance.now();
    for (let first = heap[0]; first !== undefined && first.dueReal <= now; first = heap[0]) {
      pop(heap);
      first.task?.();
    }
    arm();
  };
  const arm = (): void => {
    while (heap[0] !== undefined && heap[0].task === undefined) pop(heap);
    const due = heap[0]?.dueReal ?? Infinity;
    if (due === armedFor) return;
    clearTimeout(timer);
    armedFor = due;
    if (due === Infinity) return;
    const left = Math.min(2 ** 30, Math.max(0, Math.ceil(due - performance.now())));
    timer = setTimeout(run, left);
  };
  return {
    get clock() {
      return clock();
    },
    now: () => clock().fromStamp(performance.now()),
    epoch: (monotonicMs) => {
      const current = clock();
      if (anchor?.clock !== current) {
        // The clock has a resolution of one real millisecond; the fraction comes from the high-resolution clock. Both
        // must be read in the same millisecond.
        let wall: number;
        let virtual: number;
        do {
          wall = Date.now();
          virtual = current.now();
        } while (Date.now() !== wall);
        const fraction = performance.timeOrigin + performance.now() - wall;
        const now = virtual + fraction * current.speed;
        anchor = { clock: current, offset: now - current.fromStamp(performance.now()) };
      }
      return anchor.offset + monotonicMs;
    },
    at: (monotonicMs, task) => {
      const entry: Entry = { dueReal: monotonicMs / clock().speed, task };
      push(heap, entry);
      if (entry.dueReal < armedFor) arm();
      return () => {
        entry.task = undefined;
      };
    },
    close: () => {
      heap.length = 0;
      clearTimeout(timer);
      armedFor = Infinity;
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.dueReal <= entry.dueReal) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const left = heap[child];
    const right = heap[child + 1];
    if (left === undefined) break;
    if (right !== undefined && right.dueReal < left.dueReal) child += 1;
    const below = heap[child];
    if (below === undefined || below.dueReal >= last.dueReal) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
