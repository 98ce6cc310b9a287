import { ExitCode, SweepError } from "../../support/errors.ts";
import type { CommandGroup, CommandSpec, Handler } from "../command.ts";
import { completionScript, isShell } from "../completion-script.ts";

/** The verbs are handed in, since this verb is one of them. */
export function completionOf(commands: readonly (CommandGroup | CommandSpec)[]): Handler {
  return ({ parameters, terminal }) => {
    const shell = parameters[0] ?? "";
    if (!isShell(shell)) {
      return Promise.reject(
        new SweepError(`there is no completion for ${shell}`, {
          exitCode: ExitCode.usage,
          hint: "name bash, zsh or fish",
        }),
      );
    }
    terminal.stdout.write(completionScript(shell, commands));
    return Promise.resolve(ExitCode.done);
  };
}
