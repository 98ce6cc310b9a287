import type { Cloud } from "../cloud/cloud.ts";
import type { Journal, Ownership } from "../journal/events.ts";
import type { Clock } from "../support/clock.ts";

/** Something that a person must know; destroying continues. */
export interface Alarm {
  readonly kind: "refused" | "wrong_account" | "mismatch" | "not_recorded" | "unconfirmed";
  readonly label: string;
  readonly message: string;
}

/** What everything in this module works with. */
export interface TeardownPorts {
  readonly cloud: Cloud;
  readonly journal: Journal;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly onAlarm?: ((alarm: Alarm) => void) | undefined;
  /** Aborts, with `WorldEnded`, once the simulated world that the run lived in is gone, and everything with it. */
  readonly worldEnded?: AbortSignal | undefined;
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined;
}
