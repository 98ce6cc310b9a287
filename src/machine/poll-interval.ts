import type { Clock } from "../support/clock.ts";

const POLL_INTERVAL_MS = 3_000;
const MIN_REAL_POLL_INTERVAL_MS = 40;

/** Virtual milliseconds between two status requests; at least 40 real ones, so that a fast clock does not busy-wait. */
export function pollIntervalMs(clock: Clock): number {
  return Math.max(POLL_INTERVAL_MS, MIN_REAL_POLL_INTERVAL_MS * clock.speed);
}
