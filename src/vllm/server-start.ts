import type { Clock } from "../support/clock.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { StartupFacts } from "./startup-facts.ts";

/** Durations are in milliseconds on the run's clock. */
export interface WaitForServerOptions {
  /** The served name to wait for. */
  readonly model: string;
  readonly clock: Clock;
  readonly ceilingMs: number;
  /** After this long without new bytes, the download counts as stalled. */
  readonly stallMs: number;
  /** After this long without a new log line, the start counts as hanging; default never. */
  readonly silentMs?: number;
  readonly onProgress: (progress: ServerProgress) => void;
  /** Called with new text of the server's log. */
  readonly onLog?: ((text: string) => void) | undefined;
}

export interface ServerProgress {
  readonly stage: "download" | "load";
  readonly bytes: number;
  readonly totalBytes: number | undefined;
}

export interface ServerReady {
  readonly ready: true;
  readonly vllmVersion: string;
  /** Context window in tokens. */
  readonly maxModelLen: number;
  readonly imageDigest: string | undefined;
  /** Commit of the model repository. */
  readonly revision: string | undefined;
  /** The settings in the start-up log. */
  readonly engine: StartupFacts;
  /** Seconds on the run's clock, from the start of the wait. */
  readonly downloadSeconds: number;
  readonly seconds: number;
}

export interface ServerFailure extends Diagnosis {
  readonly ready: false;
  readonly log: string;
}
