import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { CommandGroup, CommandSpec, OptionSpec, Terminal } from "./command.ts";
import { commandOf, VERBS, type Verb } from "./verbs.ts";
import { printableTerminal } from "./output/printable-streams.ts";
import { Interrupted } from "../support/interrupts.ts";
import { bugReport, installSignals } from "./signals.ts";
import { watchStdoutErrors } from "./output/stdout-errors.ts";
import { packageVersion } from "../support/package-version.ts";

/** Runs one command line; sets `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  const signals = installSignals(process);
  watchStdoutErrors(process);
  const terminal: Terminal = {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    colour: wantsColour(process.env, process.stderr, argv),
    signals,
  };
  process.exitCode = await runCommandLine(argv, terminal);
}

/** @returns the exit code; never throws. */
export async function runCommandLine(argv: readonly string[], given: Terminal): Promise<ExitCode> {
  const terminal = printableTerminal(given);
  let outcome: ExitCode = ExitCode.done;
  const program = await buildProgram(argv, terminal, (code) => {
    outcome = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return outcome;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    return report(error, terminal);
  }
}

async function buildProgram(
  argv: readonly string[],
  terminal: Terminal,
  done: (code: ExitCode) => void,
): Promise<Command> {
  const program = new Command("maider-sweep")
    .description(
      "Rents Linode GPU VMs from a plan, benchmarks LLMs on them with vLLM, proves the VMs destroyed, and never passes the cap.",
    )
    .version(packageVersion(), "-V, --version")
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .exitOverride()
    .addHelpText(
      "after",
      "\nTry it, without an account:\n  maider-sweep init --simulate\n  maider-sweep run plan.yaml --simulate\n\nMore about a verb:\n  maider-sweep run --help",
    );
  for (const verb of VERBS) program.addCommand(await buildNamed(argv, verb, terminal, done));
  return program;
}

function bareCommand(spec: CommandSpec | CommandGroup, terminal: Terminal): Command {
  return new Command(spec.name)
    .description(spec.summary)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .exitOverride();
}

/** Only a verb that was named needs its options; the others stand in the list. */
async function buildNamed(
  argv: readonly string[],
  verb: Verb,
  terminal: Terminal,
  done: (code: ExitCode) => void,
): Promise<Command> {
  if (!argv.includes(verb.name)) return new Command(verb.name).description(verb.summary);
  const spec = await commandOf(verb);
  return "commands" in spec
    ? buildGroup(spec, argv, terminal, done)
    : buildCommand(spec, argv, terminal, done);
}

function buildGroup(
  group: CommandGroup,
  argv: readonly string[],
  terminal: Terminal,
  done: (code: ExitCode) => void,
): Command {
  const command = bareCommand(group, terminal);
  for (const spec of group.commands) command.addCommand(buildCommand(spec, argv, terminal, done));
  return withExamples(
    command,
    group.commands.flatMap(({ examples }) => examples.slice(0, 1)),
  );
}

function buildCommand(
  spec: CommandSpec,
  argv: readonly string[],
  terminal: Terminal,
  done: (code: ExitCode) => void,
): Command {
  const command = bareCommand(spec, terminal);
  for (const [syntax, description] of spec.parameters) command.argument(syntax, description);
  for (const option of spec.options) command.addOption(buildOption(option));
  withExamples(command, spec.examples);
  return command.action(async (...given: unknown[]) => {
    if (spec.silentOfHeld !== true) await warnOfHeldVms(command.opts(), terminal);
    const handler = await spec.load();
    const words = given.slice(0, spec.parameters.length) as (string | string[] | undefined)[];
    const parameters = words.flatMap((word) => (Array.isArray(word) ? [] : [word]));
    const rest = words.find(Array.isArray) ?? [];
    const call = { argv, parameters, rest, options: command.opts(), terminal };
    if (spec.reads === true) (await import("./warn-of-open-vms.ts")).warnOfOpenVms(call);
    done(await handler(call));
  });
}

function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((line) => `  $ ${line}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

/** What a person has left up must not be forgotten while it costs money. */
async function warnOfHeldVms(
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<void> {
  const [{ heldVms, heldWarning }, { stateDir }] = await Promise.all([
    import("../sessions/held-vms.ts"),
    import("../run/paths.ts"),
  ]);
  const warning = heldWarning(await heldVms(stateDir(options, terminal.env)));
  if (warning !== undefined) terminal.stderr.write(`warning: ${warning}\n`);
}

function buildOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  const { choices, parse } = spec;
  if (choices !== undefined) {
    option.argParser((text: string) => {
      // The original's choices ignore case.
      const chosen = choices.find((choice) => choice === text.toLowerCase());
      if (chosen === undefined)
        throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
      return chosen;
    });
    option.argChoices = [...choices];
  } else if (parse !== undefined) option.argParser(parse);
  if (spec.defaultValue !== undefined) option.default(spec.defaultValue);
  if (spec.hidden === true) option.hideHelp();
  return option;
}

/** Three short lines: what failed, why, what to do. */
function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof SweepError) {
    const lines = [`error: ${error.message}`];
    if (error.reason !== undefined) lines.push(`  why: ${error.reason}`);
    if (error.hint !== undefined) lines.push(`  try: ${error.hint}`);
    terminal.stderr.write(`${lines.join("\n")}\n`);
    return error.exitCode;
  }
  if (error instanceof Interrupted) {
    terminal.stderr.write(`${error.message}\n`);
    return ExitCode.interrupted;
  }
  terminal.stderr.write(bugReport(error));
  return ExitCode.bug;
}

function wantsColour(
  env: NodeJS.ProcessEnv,
  stream: NodeJS.WriteStream,
  argv: readonly string[],
): boolean {
  if (argv.includes("--no-color") || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb")
    return false;
  return stream.isTTY;
}
