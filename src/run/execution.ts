import type { Account } from "../cloud/cloud.ts";
import type { Estimate } from "../estimate/estimate.ts";
import type { HeldOwnership } from "../lock/owner-lock.ts";
import type { RunState } from "../run-state/run-state.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import type { CommandCall } from "../cli/command.ts";
import type { CloudTarget } from "./cloud-target.ts";

/** A sweep that may begin: everything was checked, and the lock is held. */
export interface Execution {
  readonly run: string;
  readonly folder: string;
  readonly plan: CoveragePlan;
  readonly estimate: Estimate;
  readonly cap: number;
  readonly target: CloudTarget;
  readonly account: Account;
  readonly ownership: HeldOwnership;
  readonly sshCidrs: readonly string[];
  readonly hubToken: string | undefined;
  readonly streamInterval: number | undefined;
  readonly call: CommandCall;
  /** What an earlier owner of this run has left; undefined for a new run. */
  readonly resumed: RunState | undefined;
  /** The simulated world of that owner is gone: another one goes on. */
  readonly worldGone: boolean;
  /** Leaves its VM held with the model served, for a user: nothing is measured. */
  readonly leaveHeld: boolean;
}
