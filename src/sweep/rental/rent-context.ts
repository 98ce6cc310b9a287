import type { Patience } from "../../teardown/patience.ts";
import type { Deadlines } from "../deadlines.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { SweepSettings } from "../settings.ts";

/** What all rentals of a sweep share. */
export interface RentContext {
  readonly deadlines: Deadlines;
  readonly firewallId: number;
  readonly clientKey: SshKey;
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
  /** Labels whose destruction has begun and is not proved: while there are any, nothing new is admitted. */
  readonly unproved: Set<string>;
  /** For the proofs, once there is nothing else to do. */
  readonly patience: Patience;
}
