import type { Clock } from "../support/clock.ts";

const EVERY_MS = 3_000;
const AT_LEAST_REAL_MS = 40;

/** Virtual milliseconds between two looks at a machine; a fast clock must not turn it into a busy loop. */
export function pollMs(clock: Clock): number {
  return Math.max(EVERY_MS, AT_LEAST_REAL_MS * clock.speed);
}
