import type { PlannedRental } from "../../estimate/estimate.ts";
import type { Patience } from "../../teardown/patience.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Firewall } from "../firewall.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { SweepSettings } from "../settings.ts";

/** What all rentals of a sweep share. */
export interface SweepContext {
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
  /** Opens every VM of the run. */
  readonly clientKey: SshKey;
  readonly firewall: Firewall;
  readonly deadlines: Deadlines;
  /** Aborts when the sweep is to end: every rental then destroys its VM. */
  readonly stop: AbortSignal;
  /** Labels whose destruction has begun and is not proved: while there are any, nothing new is admitted. */
  readonly unconfirmed: Set<string>;
  /** For the proofs, once there is nothing else to do. */
  readonly patience: Patience;
}

/** What the parts of one rental share. */
export interface RentalScope extends SweepContext {
  readonly label: string;
  readonly planned: PlannedRental;
  readonly deadlineMs: number;
  /** Aborts at the deadline, and with `stop`. */
  readonly signal: AbortSignal;
}

/** A VM that was created for a reservation. */
export interface RentedVm {
  readonly vmId: number;
  readonly ipv4: string;
  readonly region: string;
  readonly priceMicroUsd: number;
  /** The host key that it was given; OpenSSH wire form, base64. */
  readonly hostKey: string;
  /** A former owner has left it, with the server of its first configuration perhaps running. */
  readonly serverMayBeRunning: boolean;
}
