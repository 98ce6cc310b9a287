import { Command, CommanderError } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { ExitCode, SweepError } from "../support/errors.ts";
import { loadVerb } from "./load-verbs.ts";
import type { Terminal } from "./terminal.ts";
import type { Action, Verb } from "./verb.ts";

type Run = (action: Action, command: CommandUnknownOpts) => Promise<void>;

/** Parses the command line of a verb and calls its handler. @param argv begins with the verb's name */
export async function runVerb(
  name: string,
  argv: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  let outcome: ExitCode = ExitCode.done;
  const run: Run = async (action, command) => {
    const options = command.opts();
    if (action.notices.length > 0) {
      const { printNotices } = await import("./notices.ts");
      await printNotices(action.notices, options, terminal);
    }
    const args = command.processedArgs;
    outcome = await action.handler({ argv, args, options, terminal });
  };
  const program = configured(new Command("maider-sweep"), terminal)
    .helpCommand(false)
    .addCommand(buildVerb(await loadVerb(name), terminal, run));
  try {
    await program.parseAsync(argv, { from: "user" });
    return outcome;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return ExitCode.done;
    // A verb without its subcommand has printed its help.
    if (error.code === "commander.help") return ExitCode.usage;
    throw usageError(error);
  }
}

/** Commander's text is `error: what` and, where a name is similar, a line `(Did you mean X?)`. */
function usageError({ message }: CommanderError): SweepError {
  const [what = "", suggestion] = message.split("\n");
  return new SweepError(what.replace(/^error: /, ""), {
    exitCode: ExitCode.usage,
    hint: suggestion?.replace(/^\((.*)\)$/, "$1"),
  });
}

function buildVerb(verb: Verb, terminal: Terminal, run: Run): Command {
  if ("handler" in verb) return buildAction(verb, terminal, run);
  const { name, summary, subcommands } = verb;
  const command = configured(new Command(name).description(summary), terminal);
  for (const action of subcommands) command.addCommand(buildAction(action, terminal, run));
  const examples = subcommands.flatMap((action) => action.examples.slice(0, 1));
  return command.addHelpText("after", examplesText(examples));
}

function buildAction(action: Action, terminal: Terminal, run: Run): Command {
  const command = configured(new Command(action.name).description(action.summary), terminal);
  for (const argument of action.arguments) command.addArgument(argument);
  for (const option of action.options) command.addOption(option);
  command.action(() => run(action, command));
  return command.addHelpText("after", examplesText(action.examples));
}

function configured(command: Command, { stdout, stderr }: Terminal): Command {
  return command
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // It is thrown, and printed as every error is.
      outputError: () => undefined,
    })
    .exitOverride();
}

function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`;
}
