import type { Signals } from "./command.ts";

/** The reason of a run that a person, or the system, asked to end. */
export class Interrupted extends Error {
  readonly signal: string;

  constructor(signal: string) {
    super(`stopped by ${signal}`);
    this.name = "Interrupted";
    this.signal = signal;
  }
}

/**
 * The one owner of signals. Installed before anything else is loaded, never removed: a library that finds no
 * other listener re-raises the signal and ends the process in the middle of a clean-up.
 */
export function installSignals(target: NodeJS.Process): Signals {
  const controller = new AbortController();
  const listeners: ((count: number) => void)[] = [];
  let count = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    target.on(signal, () => {
      count += 1;
      if (count === 1) controller.abort(new Interrupted(signal));
      else for (const listener of listeners) listener(count);
    });
  }
  return {
    stop: controller.signal,
    count: () => count,
    onRepeat: (listener) => {
      listeners.push(listener);
    },
  };
}
