import type { Estimate } from "../../estimate/estimate.ts";
import type { CloudTarget } from "./cloud-target.ts";

/** What `--speed auto` settles on, and how many tokens vLLM then puts into one event. */
export interface AutoSpeed {
  readonly speed: number;
  readonly streamInterval: number | undefined;
}

/** A millisecond between the two processes is this many milliseconds of a reply: faster, the short replies of the
 * fastest models would be measured several per cent too slow. */
const FASTEST = 60;
const EVENTS_A_SECOND = 10_000;
/** Tokens in one event; longer ones would leave short replies with too few stamps for a rate. */
const INTERVALS = [1, 2, 4, 8] as const;
/** A card of ours writes about this many tokens a second for one user at the very most. */
const TOKENS_A_SECOND = 120;

/**
 * How fast the clock of a run's cloud shall run, and how many tokens vLLM puts into one event then.
 * @param asked `--speed`; the speed of a world that others use too stays as it is.
 */
export function chooseSpeed(
  { simulated, time }: Pick<CloudTarget, "simulated" | "time">,
  estimate: Estimate,
  concurrency: number,
  asked: number | "auto" | undefined,
): AutoSpeed {
  if (simulated === undefined) return { speed: 1, streamInterval: undefined };
  const own = typeof asked === "number" ? asked : undefined;
  return autoSpeed(maxStreams(estimate, concurrency), simulated.isSpeedOpen ? own : time.speed);
}

/** The streams that may be open at once. */
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
 * The fastest speed at which the streams of all lanes stay under about 10,000 real events a second, at most 60.
 * @param fixed the speed, when it is not ours to choose.
 */
function autoSpeed(streams: number, fixed: number | undefined): AutoSpeed {
  const tokens = streams * TOKENS_A_SECOND * (fixed ?? FASTEST);
  const interval = INTERVALS.find((size) => tokens / size <= EVENTS_A_SECOND) ?? 8;
  const speed =
    fixed ??
    Math.max(1, Math.min(FASTEST, Math.floor((FASTEST * EVENTS_A_SECOND * interval) / tokens)));
  return { speed, streamInterval: interval === 1 ? undefined : interval };
}
