import type { Clock } from "../support/clock.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { StartupFacts } from "./startup-facts.ts";

/** How to wait for a server that is starting. Milliseconds are the run's clock's. */
export interface WaitForServerOptions {
  /** Name under which it has to be served. */
  readonly model: string;
  readonly clock: Clock;
  readonly ceilingMs: number;
  /** A download that does not grow for this long has stalled. */
  readonly stallMs: number;
  /** A start whose log says nothing for this long hangs; left out = it is never called that. */
  readonly silentMs?: number;
  readonly onProgress: (progress: ServerProgress) => void;
  /** New text of the server's log. */
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
  /** Tokens. */
  readonly maxModelLen: number;
  readonly imageDigest: string | undefined;
  /** Commit of the model repository. */
  readonly revision: string | undefined;
  /** What the start-up log says it resolved to. */
  readonly engine: StartupFacts;
  /** Seconds on the run's clock since the wait began. */
  readonly downloadSeconds: number;
  readonly seconds: number;
}

export interface ServerFailure extends Diagnosis {
  readonly ready: false;
  readonly log: string;
}
