import type { ShownRun } from "../../run/run-context.ts";

export type { ProgressView } from "../../run/run-context.ts";

export interface Sink {
  write(text: string): unknown;
}

export interface ViewOptions extends Pick<ShownRun, "now">, Partial<Omit<ShownRun, "now">> {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Continuous integration: plain lines although there may be a terminal. */
  readonly ci: boolean;
  readonly colour: boolean;
  readonly stdout: NodeJS.WriteStream;
  /** Where progress goes. */
  readonly stderr: NodeJS.WriteStream;
}
