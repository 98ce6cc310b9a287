import type { ExitCode } from "../support/errors.ts";

/** A verb as data; its handler is loaded only when the verb is used. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** commander's syntax: `<plan>`, `[run]`. */
  readonly parameters: readonly (readonly [syntax: string, description: string])[];
  readonly options: readonly OptionSpec[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Left out of `--help`. */
  readonly hidden?: boolean;
  readonly load: () => Promise<Handler>;
}

export interface OptionSpec {
  /** commander's syntax: `-o, --output <file>`. */
  readonly flags: string;
  readonly description: string;
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
  readonly defaultValue?: unknown;
  readonly hidden?: boolean;
}

export type Handler = (call: CommandCall) => Promise<ExitCode>;

export interface CommandCall {
  readonly parameters: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly terminal: Terminal;
}

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

export interface Signals {
  /** Aborted by the first signal; the reason names it. */
  readonly stop: AbortSignal;
  /** How often the user asked. */
  count(): number;
  /** Called at each signal from the second on. */
  onRepeat(listener: (count: number) => void): void;
}
