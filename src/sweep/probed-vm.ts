import type { Machine, ServeChange, ServeRequest } from "../machine/machine.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import type { Clock } from "../support/clock.ts";
import type { ServerFailure, ServerReady } from "../vllm/server-start.ts";

/** Examines a VM in place of a measurement. What it throws ends the rental; the VM is destroyed in any case. */
export type ProbeVm = (vm: ProbedVm) => Promise<void>;

/** A VM that is set up, inside its reservation. Everything on it survives the loss of the SSH connection. */
export interface ProbedVm {
  readonly label: string;
  readonly gpuId: string;
  readonly configurations: readonly Configuration[];
  readonly clock: Clock;
  /** Aborts at the rental's deadline, and when the run is stopped. */
  readonly signal: AbortSignal;
  /** Does work over SSH that may be done over. @throws MachineError */
  run<T>(work: (machine: Machine) => Promise<T>): Promise<T>;
  /** Reboots it through the API and waits for the set-up of the next boot. @throws MachineError */
  reboot(): Promise<RebootTimes>;
  requestOf(configuration: Configuration): ServeRequest;
  /** Starts a server and waits until it is ready, with the sweep's own retries. @throws MachineError */
  serve(configuration: Configuration, change: ServeChange): Promise<ServerReady | ServerFailure>;
  /** Serves and measures like a sweep does; the journal has the passes. @throws MachineError */
  measure(configuration: Configuration): Promise<void>;
}

/** Seconds after the API accepted a reboot. */
export interface RebootTimes {
  /** When the old boot last answered over SSH; undefined if it was not seen again. */
  readonly lastSeenS: number | undefined;
  /** When the new boot answered. */
  readonly backS: number;
}
