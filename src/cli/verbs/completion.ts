import { ExitCode, SweepError } from "../../support/errors.ts";
import { argument } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "completion",
  group: "upkeep",
  summary: "Print a script that completes verbs and options in a shell",
  about: ["Prints a script for bash, zsh or fish that completes verbs and options."],
  related: [],
  arguments: [argument("<shell>", "bash, zsh or fish")],
  examples: [
    'eval "$(maider-sweep completion bash)"',
    "maider-sweep completion fish > ~/.config/fish/completions/maider-sweep.fish",
  ],
  notices: [],
  handler: async ({ args: [shell], terminal }) => {
    const [{ completionScript, isShell }, { loadVerbs }] = await Promise.all([
      import("../completion-script.ts"),
      import("../load-verbs.ts"),
    ]);
    if (!isShell(shell)) {
      throw new SweepError(`there is no completion for ${shell}`, {
        exitCode: ExitCode.usage,
        hint: "name bash, zsh or fish",
      });
    }
    terminal.stdout.write(completionScript(shell, await loadVerbs()));
    return ExitCode.done;
  },
});
