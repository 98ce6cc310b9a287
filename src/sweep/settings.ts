import type { MicroUsd } from "../support/money.ts";

/** The settings of a sweep, in addition to its plan. */
export interface SweepSettings {
  readonly run: string;
  /** The version of this program. */
  readonly version: string;
  readonly cap: MicroUsd;
  readonly monthlyCap: MicroUsd | undefined;
  readonly maxCostPerEntry: MicroUsd | undefined;
  readonly concurrency: number;
  /** The id of the simulated world; undefined for a real cloud. */
  readonly world: string | undefined;
  readonly sshPort: number;
  readonly sshCidrs: readonly string[];
  readonly destroyPatienceMs: number;
  readonly keepOnFailureMs: number;
  /** Instead of measuring, serves the first model of each VM and holds the VM until its deadline. */
  readonly leaveHeld: boolean;
  /** vLLM's `--stream-interval`, tokens per event; set if the clock runs fast. */
  readonly streamInterval: number | undefined;
  readonly allowRemoteCode: boolean;
  readonly hfToken: string | undefined;
  /** Aborts when the user does not want to wait: the firewall is then left to the guard. */
  readonly skipFirewallWait: AbortSignal;
}
