import type { AnyOption, Verb } from "./verb.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export function isShell(text: string): text is Shell {
  return (SHELLS as readonly string[]).includes(text);
}

/** The script for a shell to source; words that are neither verb nor option complete to files. */
export function completionScript(shell: Shell, commands: readonly Verb[]): string {
  if (shell === "fish") return fish(commands);
  // zsh runs bash's own functions, so that one script serves both.
  const prelude = shell === "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
  return prelude + bash(commands);
}

function bash(commands: readonly Verb[]): string {
  const cases = commands.map((command) => {
    const below = "subcommands" in command ? command.subcommands.map(({ name }) => name) : [];
    return `    ${command.name}) words='${longFlags(command).join(" ")}' below='${below.join(" ")}' ;;`;
  });
  const chosen = commands.flatMap((command) =>
    optionsOf(command).flatMap(({ flags, argChoices: choices = [] }) =>
      choices.length === 0
        ? []
        : [
            `    ${flagsIn(flags)
              .map((flag) => `'${command.name} ${flag}'`)
              .join("|")}) values='${choices.join(" ")}' ;;`,
          ],
    ),
  );
  return `_maider_sweep() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words='' below='' values=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(" ")}' -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${[...new Set(chosen)].join("\n")}
  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
    return
  fi
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) [ "$COMP_CWORD" -ne 2 ] || COMPREPLY=($(compgen -W "$below" -- "$word")) ;;
  esac
}
complete -o default -F _maider_sweep maider-sweep
`;
}

function fish(commands: readonly Verb[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c maider-sweep -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`,
    ...("subcommands" in command ? command.subcommands : []).map(
      ({ name, summary }) =>
        `complete -c maider-sweep -n '__fish_seen_subcommand_from ${command.name}' -f -a ${name} -d ${quoted(summary)}`,
    ),
    ...optionsOf(command)
      .filter(({ hidden }) => !hidden)
      .map(({ flags, description, argChoices: choices }) => {
        const given = flags.includes("<") ? " -r" : "";
        const value = choices === undefined ? given : ` -x -a '${choices.join(" ")}'`;
        const name = /--([a-z-]+)/.exec(flags)?.[1] ?? "";
        return `complete -c maider-sweep -n '__fish_seen_subcommand_from ${command.name}' -l ${name}${value} -d ${quoted(description)}`;
      }),
  ]);
  return `${lines.join("\n")}\n`;
}

/** `-t, --task <task>` -> `-t`, `--task` */
function flagsIn(flags: string): readonly string[] {
  return flags.match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [];
}

function longFlags(command: Verb): readonly string[] {
  const flags = optionsOf(command)
    .filter(({ hidden }) => !hidden)
    .map(({ flags: text }) => /--[a-z-]+/.exec(text)?.[0] ?? "");
  return [...new Set(flags), "--help"];
}

/** Of a verb with subcommands: those of all of them. */
function optionsOf(command: Verb): readonly AnyOption[] {
  return "subcommands" in command
    ? command.subcommands.flatMap(({ options }) => options)
    : command.options;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
