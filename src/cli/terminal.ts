import type { Signals } from "../support/interrupts.ts";

/** All that a verb may know of the process it runs in. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly colour: boolean;
  /** Ctrl-C, SIGTERM, SIGHUP; see signals.ts. */
  readonly signals: Signals;
}
