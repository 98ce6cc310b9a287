import type { OptionValues } from "@commander-js/extra-typings";
import type { ExitCode } from "../support/errors.ts";
import type { Terminal } from "./terminal.ts";
import type { VerbCall } from "./verb.ts";

export type { Terminal } from "./terminal.ts";

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

/** For handlers that still read their options by name. */
export function asCommandCall({
  argv,
  args,
  options,
  terminal,
}: VerbCall<readonly (string | string[] | undefined)[], OptionValues>): CommandCall {
  const parameters = args.flatMap((word) => (Array.isArray(word) ? [] : [word]));
  return { argv, parameters, rest: args.find(Array.isArray) ?? [], options, terminal };
}
