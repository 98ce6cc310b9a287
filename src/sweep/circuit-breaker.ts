import type { CloudError } from "../cloud/cloud.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

/** A VM that was created but never became ready to serve. */
export interface StartFailure {
  /** `booting`, `connecting`, `setup at driver` ... */
  readonly stage: string;
  readonly reason: string;
}

/**
 * Ends a sweep that cannot succeed, before many VMs are paid for. Until the first VM is ready, VMs are rented one at a
 * time, the cheapest type first; two failures at the same stage end the sweep.
 */
export interface CircuitBreaker {
  /** Whether no VM of the run is ready yet. */
  isProbing(): boolean;
  /** Reports that a VM has passed its set-up. */
  onReady(): void;
  /** @returns whether to rent another VM for the entry or to drop it; an error ends the sweep */
  onNotReady(failure: StartFailure): "retry" | "give up" | SweepError;
  /** @returns why the sweep has to end; undefined if only the entry does */
  onRefusal(gpu: string, error: CloudError): SweepError | undefined;
}

const MAX_SAME_FAILURES = 2;
/** At any stages, with no VM ready. */
const MAX_FAILURES = 3;

/** @param isProven whether a VM of the run was ready before, as in a resumed run */
export function createCircuitBreaker(isProven: boolean): CircuitBreaker {
  let proven = isProven;
  const failures: StartFailure[] = [];
  const refusals: { readonly gpu: string; readonly error: CloudError }[] = [];
  return {
    isProbing: () => !proven,
    onReady() {
      proven = true;
    },
    onNotReady(failure) {
      if (proven) return "give up";
      failures.push(failure);
      const same = failures.filter(({ stage }) => stage === failure.stage).length;
      if (same >= MAX_SAME_FAILURES)
        return cannotSucceed(failure, `${MAX_SAME_FAILURES} VMs failed at the same stage`);
      if (failures.length >= MAX_FAILURES)
        return cannotSucceed(failure, `${failures.length} VMs failed, the last one`);
      // Booting may fail for a single type. The set-up is the same on every type, so the cheapest is tried again.
      return failures.length === 1 && failure.stage !== "booting" ? "retry" : "give up";
    },
    onRefusal(gpu, error) {
      refusals.push({ gpu, error });
      if (error.kind === "account_limit") {
        const limits = refusals.filter((refusal) => refusal.error.kind === "account_limit");
        return limits.length >= MAX_SAME_FAILURES ? accountLimited(error) : undefined;
      }
      const same = refusals.filter((refusal) => refusal.error.message === error.message);
      return new Set(same.map((refusal) => refusal.gpu)).size >= MAX_SAME_FAILURES
        ? refusedForAll(error)
        : undefined;
    },
  };
}

function cannotSucceed({ stage, reason }: StartFailure, failed: string): SweepError {
  return new SweepError(`${failed} (${stage}), and no VM was ready; no more are rented`, {
    exitCode: ExitCode.incomplete,
    reason,
    hint: hintFor(stage),
  });
}

function hintFor(stage: string): string {
  if (stage === "booting")
    return "see https://status.linode.com, or name another region in the plan";
  if (stage === "connecting")
    return "check that TCP port 22 may leave this network, and that --ssh-cidr names its public address";
  return "the same happens on every type; to see why, run one entry with --keep-on-failure 30 and read /var/log/maider-sweep/setup.log there";
}

function accountLimited(error: CloudError): SweepError {
  return new SweepError("Linode refuses GPU VMs to this account", {
    exitCode: ExitCode.provider,
    reason: error.message,
    hint: "open a support ticket at https://cloud.linode.com/support/tickets and ask for access to GPU plans, or for a higher limit",
  });
}

function refusedForAll(error: CloudError): SweepError {
  return new SweepError("Linode refuses to create VMs of any type", {
    exitCode: ExitCode.provider,
    reason: error.message,
    hint: "check in Cloud Manager that this token's user may create Linodes, and that the account has no open issue",
  });
}
