import { ExitCode } from "../support/errors.ts";
import { escapeControls } from "../support/terminal-text.ts";
import { Interrupted, type Signals } from "../support/interrupts.ts";

/** An uncaught error: a bug in maider-sweep. */
export type OnUncaught = (error: unknown) => void;

/** The process, as far as it is used here. */
export interface SignalSource {
  on(event: string, listener: (error: unknown) => void): unknown;
  exit(code: number): never;
  readonly stderr: { write(text: string): unknown };
}

/**
 * The only listener for signals. Installed before anything else is loaded and never removed: a library that finds no
 * other listener re-raises the signal, which ends the process in the middle of a clean-up.
 */
export function installSignals(target: SignalSource): Signals {
  const controller = new AbortController();
  const listeners = new Set<(count: number) => void>();
  const onContinue = new Set<() => void>();
  let uncaught: OnUncaught | undefined;
  let count = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    target.on(signal, () => {
      count += 1;
      if (count === 1) controller.abort(new Interrupted(signal));
      // Without a listener there is nothing to clean up.
      else if (listeners.size === 0) target.exit(ExitCode.interrupted);
      else for (const listener of listeners) listener(count);
    });
  }
  target.on("SIGCONT", () => {
    for (const listener of onContinue) listener();
  });
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    target.on(event, (error: unknown) => {
      if (uncaught === undefined) {
        target.stderr.write(bugReport(error));
        target.exit(ExitCode.bug);
      } else uncaught(error);
    });
  }
  return {
    stop: controller.signal,
    count: () => count,
    onRepeat: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onContinue: (listener) => {
      onContinue.add(listener);
      return () => onContinue.delete(listener);
    },
    onUncaught: (listener) => {
      uncaught = listener;
      return () => {
        if (uncaught === listener) uncaught = undefined;
      };
    },
  };
}

/** A bug in maider-sweep, with its trace. */
export function bugReport(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `error: this is a bug of maider-sweep, please report it\n${escapeControls(text)}\n`;
}
