import type { CloudError } from "../cloud/cloud.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

/** A VM that was paid for and did not come up. */
export interface NotReady {
  /** `booting`, `connecting`, `setup at driver` ... */
  readonly stage: string;
  readonly reason: string;
}

/**
 * Ends a sweep that cannot succeed before it has paid for many VMs. Until one VM has come up, VMs are rented one at a
 * time, the cheapest type first; two that fail at the same stage end the sweep.
 */
export interface CircuitBreaker {
  /** No VM of the run has come up yet. */
  isProbing(): boolean;
  /** A VM has passed its set-up. */
  onReady(): void;
  /** @returns what follows: another VM for the same entry, the end of the entry, or of the sweep. */
  onNotReady(failure: NotReady): "retry" | "give up" | SweepError;
  /** @returns why the sweep has to end; undefined when only this entry does. */
  onRefusal(gpu: string, error: CloudError): SweepError | undefined;
}

const ALIKE = 2;
/** With none ready, whatever their stages. */
const MOST_FAILURES = 3;

/** @param isProven a VM of the run has come up before */
export function createCircuitBreaker(isProven: boolean): CircuitBreaker {
  let proven = isProven;
  const failures: NotReady[] = [];
  const refusals: { readonly gpu: string; readonly error: CloudError }[] = [];
  return {
    isProbing: () => !proven,
    onReady() {
      proven = true;
    },
    onNotReady(failure) {
      if (proven) return "give up";
      failures.push(failure);
      const alike = failures.filter(({ stage }) => stage === failure.stage).length;
      if (alike >= ALIKE) return cannotSucceed(failure, `${ALIKE} VMs failed at the same stage`);
      if (failures.length >= MOST_FAILURES)
        return cannotSucceed(failure, `${failures.length} VMs failed, the last one`);
      // A boot is Linode's and may fail for one type alone; the set-up is the same on every type, so the cheapest
      // tells most for its price.
      return failures.length === 1 && failure.stage !== "booting" ? "retry" : "give up";
    },
    onRefusal(gpu, error) {
      refusals.push({ gpu, error });
      if (error.kind === "account_limit") {
        const limits = refusals.filter((refusal) => refusal.error.kind === "account_limit");
        return limits.length >= ALIKE ? accountLimited(error) : undefined;
      }
      const same = refusals.filter((refusal) => refusal.error.message === error.message);
      return new Set(same.map((refusal) => refusal.gpu)).size >= ALIKE
        ? refusedForAll(error)
        : undefined;
    },
  };
}

function cannotSucceed({ stage, reason }: NotReady, what: string): SweepError {
  return new SweepError(`${what} (${stage}), and none has come up; no more are rented`, {
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
  return new SweepError("Linode refuses to create a VM, whatever its type", {
    exitCode: ExitCode.provider,
    reason: error.message,
    hint: "check in Cloud Manager that this token's user may create Linodes, and that the account has no open issue",
  });
}
