/** The abort reason when the user or the system stops the run. */
export class Interrupted extends Error {
  readonly signal: string;

  constructor(signal: string) {
    super(`stopped by ${signal}`);
    this.name = "Interrupted";
    this.signal = signal;
  }
}

/** Whether the reason in an event is the message of an `Interrupted`. */
export function isInterruption(reason: string): boolean {
  return /^stopped by SIG[A-Z]+$/.test(reason);
}

/** Access to the process's signals. Each `on` method returns a function that removes the listener. */
export interface Signals {
  /** Aborted by the first signal; the reason is an `Interrupted` that names it. */
  readonly stop: AbortSignal;
  /** Number of signals received so far. */
  count(): number;
  /** Called for each signal after the first. Without a listener, the second signal ends the program. */
  onRepeat(listener: (count: number) => void): () => void;
  /** Called when the process resumes after Ctrl-Z or SIGSTOP. */
  onContinue(listener: () => void): () => void;
  /** Called for uncaught errors. Without a listener, they end the program. */
  onUncaught(listener: (error: unknown) => void): () => void;
}
