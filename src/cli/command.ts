import type { ExitCode } from "../support/errors.ts";
import type { Signals } from "../support/interrupts.ts";

/** A verb as data; its handler is loaded only when the verb is used. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** commander's syntax: `<plan>`, `[run]`, `<id...>` at the end. */
  readonly parameters: readonly (readonly [syntax: string, description: string])[];
  readonly options: readonly OptionSpec[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Says nothing of VMs that are up: it shows them itself, or its output is for a shell. */
  readonly silentOfHeld?: boolean;
  /** It only reads what is kept here; then it says first where something may still be billed. */
  readonly reads?: boolean;
  readonly load: () => Promise<Handler>;
}

/** Verbs under a common one: `db check`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandSpec[];
}

/** What verbs take, by their names; names and summaries stand in verbs.ts. */
export type VerbFile = Readonly<
  Record<string, Omit<CommandSpec, "name" | "summary"> | Omit<CommandGroup, "name" | "summary">>
>;

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
  /** As it was given, verb and all. */
  readonly argv: readonly string[];
  readonly parameters: readonly (string | undefined)[];
  /** What a `<word...>` at the end has taken; empty otherwise. */
  readonly rest: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly terminal: Terminal;
  /** Called when a sweep has a journal and a guard, with its run and its folder. */
  readonly onBegun?: (run: string, folder: string) => Promise<void>;
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
