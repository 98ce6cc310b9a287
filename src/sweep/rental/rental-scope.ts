import type { PlannedRental } from "../../estimate/estimate.ts";
import type { Patience } from "../../teardown/patience.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Firewall } from "../firewall.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { SweepSettings } from "../settings.ts";

/** Shared by all rentals of a sweep. */
export interface SweepContext {
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
  /** The SSH key for every VM of the run. */
  readonly clientKey: SshKey;
  readonly firewall: Firewall;
  readonly deadlines: Deadlines;
  /** Aborts when the sweep has to end; every rental then destroys its VM. */
  readonly stop: AbortSignal;
  /** Labels of VMs that are being destroyed and not yet confirmed deleted; while there are any, nothing is rented. */
  readonly unconfirmed: Set<string>;
  /** Limits the wait for deletions when there is nothing else to do. */
  readonly patience: Patience;
}

/** Shared by the parts of one rental. */
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
  /** The host key that we gave it, in OpenSSH wire format and base64. */
  readonly hostKey: string;
  /** Whether the VM is reused and the server of its first configuration may be running. */
  readonly serverMayBeRunning: boolean;
}
