import type { MicroUsd } from "../support/money.ts";
import type { EventOf } from "../journal/events.ts";

/** The lifecycle and cost of a rental; `RentalProgress` has what its VM is doing. */
export interface RentalState {
  readonly label: string;
  readonly rental: number;
  readonly gpu: string;
  readonly region: string;
  readonly models: readonly string[];
  readonly stage: RentalStage;
  /** When the stage began, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly vmId: number | undefined;
  readonly ipv4: string | undefined;
  readonly hostKey: string;
  readonly deadlineMs: number;
  readonly expiresMs: number;
  /** The same time by the API's clock, which is in the label. */
  readonly expiresByApiClockMs: number;
  readonly heldUntilMs: number | undefined;
  readonly failure: string | undefined;

  readonly priceMicroUsd: MicroUsd;
  readonly reservedHours: number;
  readonly reservedMicroUsd: MicroUsd;
  /** When the first create was sent. The ledger counts hours from here. */
  readonly createSentMs: number | undefined;
  /** The same time by the API's clock, if known. */
  readonly createSentByApiClockMs: number | undefined;
  /** Generation of the owner that sent the newest create. */
  readonly createSentBy: number | undefined;
  /** Number of create requests that may have created a VM. */
  readonly creates: number;
  /** Number of VMs known to have had its label. There are two if an unanswered create succeeded late. */
  readonly vms: number;
  /** When the first VM was created, by the API's clock; undefined if not in the journal. */
  readonly createdMs: number | undefined;
  /** Number of checks that found no VM since the newest create was sent, and the time of the first. */
  readonly absentChecks: number;
  readonly absentSinceMs: number | undefined;
  /** When the deletion was confirmed. */
  readonly goneMs: number | undefined;
  /** The same time by the API's clock, if known. */
  readonly goneByApiClockMs: number | undefined;
  /** Generation of the owner that confirmed it. */
  readonly goneBy: number | undefined;
  readonly settled: { readonly hours: number; readonly microUsd: MicroUsd } | undefined;
}

export type RentalStage =
  | "reserved"
  | "creating"
  | "unknown"
  | "booting"
  | "connecting"
  | "setup"
  | "ready"
  | "serving"
  | "warming"
  | "measuring"
  | "held"
  | "destroying"
  | "gone"
  | "settled";

/** A rental is open from the intent to create it until it is confirmed deleted. */
export const OPEN_STAGES: ReadonlySet<RentalStage> = new Set<RentalStage>([
  "creating",
  "unknown",
  "booting",
  "connecting",
  "setup",
  "ready",
  "serving",
  "warming",
  "measuring",
  "held",
  "destroying",
]);

/** The state of a run, computed from its journal. */
export interface RunState {
  readonly run: string;
  readonly opened: EventOf<"run.opened"> | undefined;
  readonly closed: EventOf<"run.closed"> | undefined;
  readonly stopping: string | undefined;
  /** Process id of the newest owner. */
  readonly pid: number | undefined;
  readonly guardPid: number | undefined;
  readonly rentals: ReadonlyMap<string, RentalState>;
  readonly firewall: FirewallState | undefined;
  readonly passes: readonly (
    | EventOf<"pass.finished">
    | EventOf<"pass.failed">
    | EventOf<"pass.void">
  )[];
  readonly configurations: readonly EventOf<"configuration.finished">[];
  readonly failures: readonly (EventOf<"server.failed"> | EventOf<"rental.failed">)[];
  readonly notStarted: readonly EventOf<"entry.not_started">[];
  readonly skipped: readonly EventOf<"entry.skipped">[];
  readonly lastMs: number;
}

export interface FirewallState {
  readonly label: string;
  readonly id: number | undefined;
  readonly gone: boolean;
}

/** Money spent and reserved, computed from the journal by `foldLedger`. */
export interface Ledger {
  readonly capMicroUsd: MicroUsd;
  /** Cost of settled rentals, and of the started hours of open ones. */
  readonly spentMicroUsd: MicroUsd;
  /** What open rentals may still cost, not including what is spent. */
  readonly reservedMicroUsd: MicroUsd;
  readonly leftMicroUsd: MicroUsd;
}

/** Describes a failed server. `during` is the stage in which it failed, undefined if it never became ready. */
export function serverFailureText(during: string | undefined): string {
  return during === undefined ? "vLLM did not start" : `vLLM failed during ${during}`;
}
