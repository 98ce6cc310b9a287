import type { Estimate } from "../../estimate/estimate.ts";
import type { CloudTarget } from "./cloud-target.ts";

export interface ClockSpeed {
  /** Simulated seconds per real second. */
  readonly speed: number;
  /** vLLM's `--stream-interval`, tokens per event; undefined means one. */
  readonly streamInterval: number | undefined;
}

/** Latency between the processes is multiplied by the speed; above this, short replies of fast models appear several percent slower. */
const MAX_SPEED = 60;
const MAX_EVENTS_PER_SECOND = 10_000;
/** Above 8 tokens per event, short replies have too few timestamps for a rate. */
const INTERVALS = [1, 2, 4, 8] as const;
/** An upper bound for one stream. */
const TOKENS_PER_SECOND = 120;

/**
 * Chooses the speed of a run's clock, and how many tokens vLLM sends per event at that speed.
 * @param asked `--speed`; ignored for a simulated world that other processes use as well
 */
export function chooseSpeed(
  { simulated, time }: Pick<CloudTarget, "simulated" | "time">,
  estimate: Estimate,
  concurrency: number,
  asked: number | "auto" | undefined,
): ClockSpeed {
  if (simulated === undefined) return { speed: 1, streamInterval: undefined };
  const own = typeof asked === "number" ? asked : undefined;
  return autoSpeed(maxStreams(estimate, concurrency), simulated.isSpeedOpen ? own : time.speed);
}

/** The largest possible number of concurrent streams. */
function maxStreams(estimate: Estimate, concurrency: number): number {
  const load = Math.max(
    1,
    ...estimate.rentals.flatMap(({ configurations }) =>
      configurations.flatMap(({ load: levels }) => levels),
    ),
  );
  return Math.min(concurrency, Math.max(1, estimate.rentals.length)) * Math.min(load, 16);
}

/**
 * The highest speed, at most 60, at which all streams together stay under 10,000 events per real second.
 * @param fixed the speed, if it cannot be chosen
 */
function autoSpeed(streams: number, fixed: number | undefined): ClockSpeed {
  const tokens = streams * TOKENS_PER_SECOND * (fixed ?? MAX_SPEED);
  const interval = INTERVALS.find((size) => tokens / size <= MAX_EVENTS_PER_SECOND) ?? 8;
  const speed =
    fixed ??
    Math.max(
      1,
      Math.min(MAX_SPEED, Math.floor((MAX_SPEED * MAX_EVENTS_PER_SECOND * interval) / tokens)),
    );
  return { speed, streamInterval: interval === 1 ? undefined : interval };
}
