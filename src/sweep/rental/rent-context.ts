import type { Configuration } from "../../plan/coverage-plan.ts";
import type { Deadlines } from "../deadlines.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { SweepSettings } from "../settings.ts";

/** What all rentals of a sweep share. */
export interface RentContext {
  readonly deadlines: Deadlines;
  readonly firewallId: number;
  readonly clientKey: SshKey;
  readonly passesDone: (configuration: Configuration) => number;
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
}
