import type {
  Argument,
  InferArgument,
  InferOptions,
  Option,
  OptionValues,
} from "@commander-js/extra-typings";
import type { ExitCode } from "../support/errors.ts";
import type { Terminal } from "./terminal.ts";

/** The headings under which `--help` lists the verbs, in its order. */
export const GROUPS = {
  plan: "Plan",
  run: "Run",
  results: "Results",
  use: "Work with a VM",
  upkeep: "Upkeep",
} as const;

/** What is printed on stderr before a verb begins: VMs that `up` left running, runs that may still be billed. */
export type Notice = "held-vms" | "open-runs";

export type AnyArgument = Argument<string, unknown, unknown, boolean | undefined, unknown>;
export type AnyOption = Option<string, unknown, unknown, unknown, boolean, unknown>;

/** A verb that acts, or a subcommand. Its handler is called with what commander has parsed. */
export interface Action {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  readonly arguments: readonly AnyArgument[];
  readonly options: readonly AnyOption[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  readonly notices: readonly Notice[];
  readonly handler: (call: VerbCall<readonly unknown[], OptionValues>) => Promise<ExitCode>;
}

/** What `--help` and the manual say about a verb beyond its options. */
export interface ManualText {
  readonly group: keyof typeof GROUPS;
  /** Paragraphs of Markdown. */
  readonly about: readonly string[];
  readonly related: readonly string[];
  /** Words that people try instead of the verb's name, for suggestions. */
  readonly synonyms?: readonly string[];
}

/** A verb with subcommands of its own, such as `db check`. */
export interface VerbWithSubcommands extends ManualText {
  readonly name: string;
  readonly summary: string;
  readonly subcommands: readonly Action[];
}

/** Each file in `verbs/` exports one of these as `verb`, under the file's name. */
export type Verb = (ManualText & Action) | VerbWithSubcommands;

/** What the overview shows of a verb. */
export type ListedVerb = Pick<Verb, "name" | "group" | "summary" | "synonyms">;

/** What a handler gets: arguments and options, typed by their flags. */
export interface VerbCall<Args, Options> {
  /** The whole command line, verb included. */
  readonly argv: readonly string[];
  readonly args: Args;
  readonly options: Options;
  readonly terminal: Terminal;
}

interface ActionDefinition<
  Arguments extends readonly AnyArgument[],
  Options extends readonly AnyOption[],
> {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: Arguments;
  readonly options?: Options;
  readonly examples: readonly string[];
  /** Default: `["held-vms"]`. */
  readonly notices?: readonly Notice[];
  readonly handler: (
    call: VerbCall<ArgumentsOf<Arguments>, OptionsOf<Options>>,
  ) => Promise<ExitCode>;
}

/** A verb. Its file must stay light: whatever takes long to load is imported by the handler when it runs. */
export function defineVerb<
  const Arguments extends readonly AnyArgument[] = [],
  const Options extends readonly AnyOption[] = [],
>(definition: ManualText & ActionDefinition<Arguments, Options>): ManualText & Action {
  return { ...definition, ...defineSubcommand(definition) };
}

export function defineSubcommand<
  const Arguments extends readonly AnyArgument[] = [],
  const Options extends readonly AnyOption[] = [],
>(definition: ActionDefinition<Arguments, Options>): Action {
  const { name, summary, arguments: args, options, examples, notices, handler } = definition;
  return {
    name,
    summary,
    arguments: args ?? [],
    options: options ?? [],
    examples,
    notices: notices ?? ["held-vms"],
    // Commander has parsed exactly the arguments and options that the handler's type is made from.
    handler: (call) =>
      handler(call as unknown as VerbCall<ArgumentsOf<Arguments>, OptionsOf<Options>>),
  };
}

type ArgumentsOf<Arguments> = Arguments extends readonly [
  Argument<infer Usage, infer Default, infer Parsed, infer Required, infer Choice>,
  ...infer Rest,
]
  ? [InferArgument<Usage, Default, Parsed, Required, Choice>, ...ArgumentsOf<Rest>]
  : [];

type OptionsOf<Options, Known = unknown> = Options extends readonly [
  Option<infer Usage, infer Preset, infer Default, infer Parsed, infer Mandatory, infer Choice>,
  ...infer Rest,
]
  ? OptionsOf<Rest, InferOptions<Known, Usage, Default, Parsed, Mandatory, Preset, Choice>>
  : Known;
