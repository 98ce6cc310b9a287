import type { Cloud } from "../cloud/cloud.ts";
import type { Journal, Ownership } from "../journal/events.ts";
import type { Clock } from "../support/clock.ts";

/** A problem that the user should know about; the teardown continues. */
export interface Alarm {
  readonly kind: "refused" | "wrong_account" | "mismatch" | "not_recorded" | "unconfirmed";
  readonly label: string;
  readonly message: string;
}

/** The ports that every function of this module uses. */
export interface TeardownPorts {
  readonly cloud: Cloud;
  readonly journal: Journal;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly onAlarm?: ((alarm: Alarm) => void) | undefined;
  /** Aborts with `WorldEnded` when the run's simulated world has ended. */
  readonly worldEnded?: AbortSignal | undefined;
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined;
}
