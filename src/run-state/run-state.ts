import type { MicroUsd } from "../support/money.ts";
import type { EventOf } from "../journal/events.ts";

/** The lifecycle and the money of a rental, by the journal; what its VM is doing is in `RentalProgress`. */
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
  /** The same moment by the API's clock, as the label names it and the reaper reads it. */
  readonly expiresByTheApiMs: number;
  readonly heldUntilMs: number | undefined;
  readonly failure: string | undefined;

  readonly priceMicroUsd: MicroUsd;
  readonly reservedHours: number;
  readonly reservedMicroUsd: MicroUsd;
  /** When the create was sent first: the ledger's meter starts here. */
  readonly createSentMs: number | undefined;
  /** The same moment by the API's clock, where it was known. */
  readonly createSentByTheApiMs: number | undefined;
  /** Generation of the owner that sent the newest create. */
  readonly createSentBy: number | undefined;
  /** Creates that may each have made a VM. */
  readonly creates: number;
  /** VMs that are known to have existed under its label: two when a lost create arrived after the first was gone. */
  readonly vms: number;
  /** Of the first of them, by the API's clock; undefined where the journal does not say. */
  readonly createdMs: number | undefined;
  /** Looks that found no VM since the newest create was sent, and when the first of them was. */
  readonly absentLooks: number;
  readonly absentSinceMs: number | undefined;
  readonly goneMs: number | undefined;
  /** The same moment by the API's clock, where it was known. */
  readonly goneByTheApiMs: number | undefined;
  /** Generation of the owner that proved it. */
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

/** The fold of a journal. */
export interface RunState {
  readonly run: string;
  readonly opened: EventOf<"run.opened"> | undefined;
  readonly closed: EventOf<"run.closed"> | undefined;
  readonly stopping: string | undefined;
  /** Of the newest owner. */
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

/** Money, as a fold of the journal; see `foldLedger`. Reserved does not contain spent. */
export interface Ledger {
  readonly capMicroUsd: MicroUsd;
  /** Settled rentals, and the started hours of those that run. */
  readonly spentMicroUsd: MicroUsd;
  /** What open reservations may still cost beyond what is spent. */
  readonly reservedMicroUsd: MicroUsd;
  readonly leftMicroUsd: MicroUsd;
}
