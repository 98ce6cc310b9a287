import type { Machine, ServeChange, ServeRequest } from "../machine/machine.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import type { Clock } from "../support/clock.ts";
import type { ServerFailure, ServerReady } from "../vllm/server-start.ts";

/** Examines a VM instead of measuring it. An error ends the rental. The VM is destroyed in any case. */
export type ProbeVm = (vm: ProbedVm) => Promise<void>;

/** A VM that is set up. Its methods reconnect if the SSH connection is lost. */
export interface ProbedVm {
  readonly label: string;
  readonly gpuId: string;
  readonly configurations: readonly Configuration[];
  readonly clock: Clock;
  /** Aborts at the rental's deadline, and when the run is stopped. */
  readonly signal: AbortSignal;
  /** Runs work over SSH, and repeats it from the start if the connection is lost. @throws MachineError */
  run<T>(work: (machine: Machine) => Promise<T>): Promise<T>;
  /** Reboots it through the API and waits for the set-up of the next boot. @throws MachineError */
  reboot(): Promise<RebootTimes>;
  requestOf(configuration: Configuration): ServeRequest;
  /** Starts a server and waits until it is ready, with the sweep's own retries. @throws MachineError */
  serve(configuration: Configuration, change: ServeChange): Promise<ServerReady | ServerFailure>;
  /** Serves and measures as a sweep does; the passes are in the journal. @throws MachineError */
  measure(configuration: Configuration): Promise<void>;
}

/** Seconds after the API accepted a reboot. */
export interface RebootTimes {
  /** When the old boot last answered over SSH; undefined if it was not seen again. */
  readonly lastSeenS: number | undefined;
  /** When the new boot answered. */
  readonly backS: number;
}
