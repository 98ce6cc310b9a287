/** The reason of a run that a person, or the system, asked to end. */
export class Interrupted extends Error {
  readonly signal: string;

  constructor(signal: string) {
    super(`stopped by ${signal}`);
    this.name = "Interrupted";
    this.signal = signal;
  }
}

/** Requests to stop this process, as its one signal handler passes them on. */
export interface Signals {
  /** Aborted by the first signal; the reason is an `Interrupted` that names it. */
  readonly stop: AbortSignal;
  /** How often the user asked. */
  count(): number;
  /** Called at each signal from the second on, until the returned function is; without one the second ends the program. */
  onRepeat(listener: (count: number) => void): () => void;
  /** Called when the process goes on after Ctrl-Z or SIGSTOP, until the returned function is. */
  onContinue(listener: () => void): () => void;
  /** Gets errors that nobody caught, instead of the end of the program, until the returned function is called. */
  onUncaught(listener: (error: unknown) => void): () => void;
}
