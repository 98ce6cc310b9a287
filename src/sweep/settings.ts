import type { MicroUsd } from "../support/money.ts";

/** How this sweep is run, beyond its plan. */
export interface SweepSettings {
  readonly run: string;
  /** Of this program. */
  readonly version: string;
  readonly cap: MicroUsd;
  readonly monthlyCap: MicroUsd | undefined;
  readonly maxCostPerEntry: MicroUsd | undefined;
  readonly concurrency: number;
  /** The simulated world, undefined on the real cloud. */
  readonly world: string | undefined;
  readonly sshPort: number;
  readonly sshCidrs: readonly string[];
  readonly destroyPatienceMs: number;
  readonly keepOnFailureMs: number;
  /** Serves the first model of each VM and leaves it so, held until its deadline, instead of measuring. */
  readonly leaveHeld: boolean;
  /** Tokens in one event; set when the clock runs fast. */
  readonly streamInterval: number | undefined;
  readonly allowRemoteCode: boolean;
  readonly hfToken: string | undefined;
  /** Aborts when the user cannot wait: once every VM is confirmed deleted, the firewall is left to the guard. */
  readonly skipFirewallWait: AbortSignal;
}
