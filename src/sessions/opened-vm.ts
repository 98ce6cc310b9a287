import type { BenchmarkJob } from "../run/benchmark-server.ts";

/** A VM that is up, ready to be measured: all that a benchmark has to know of where its server is. */
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
  /** For the user, before anything is measured. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}
