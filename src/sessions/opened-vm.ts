import type { BenchmarkJob } from "../run/benchmark-server.ts";

/** A VM that is ready to be measured, with all that a benchmark needs to know about its server. */
export interface OpenedVm extends Pick<
  BenchmarkJob,
  | "connection"
  | "apiBase"
  | "model"
  | "modelId"
  | "rented"
  | "vm"
  | "region"
  | "simulated"
  | "engine"
  | "provenance"
  | "sampleGpus"
  | "clock"
> {
  /** Printed before the measurement starts. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}
