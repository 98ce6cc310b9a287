import type { RunState } from "../../run-state/run-state.ts";
import type { SweepEvent } from "../../journal/events.ts";

/** Shows a sweep's events as they become durable. */
export interface ProgressView {
  show(event: SweepEvent): void;
  /** Draws the clock-driven parts anew; views that have none lack it. */
  tick?(nowMs: number): void;
  /** Leaves the terminal as it was. Nothing may be printed beside a live view before this. */
  close(): Promise<void>;
}

export interface Sink {
  write(text: string): unknown;
}

export interface ViewOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Continuous integration: plain lines although there may be a terminal. */
  readonly ci: boolean;
  readonly colour: boolean;
  readonly stdout: NodeJS.WriteStream;
  /** Where progress goes. */
  readonly stderr: NodeJS.WriteStream;
  /** Milliseconds since the epoch, on the run's clock. */
  readonly now: () => number;
  /** What the estimate says the sweep takes. */
  readonly expectedMinutes?: number | undefined;
  /** What happened before: of a run that is resumed. */
  readonly before?: RunState | undefined;
}
