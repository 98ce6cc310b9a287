import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { CommandGroup, CommandSpec, OptionSpec } from "../src/cli/command.ts";
import { allCommands } from "../src/cli/verbs.ts";
import { MANUAL_TEXTS } from "./manual-texts.ts";

const COMMANDS = await allCommands();
const FOLDER = new URL("../docs/verbs/", import.meta.url);

/** The manual: a page for each verb, from the same data that makes `--help`, and one that lists them. */
export function manualPages(): ReadonlyMap<string, string> {
  const pages = new Map(COMMANDS.map((verb) => [`${verb.name}.md`, page(verb)]));
  const rows = COMMANDS.map(({ name, summary }) => `| [${name}](${name}.md) | ${cell(summary)} |`);
  pages.set(
    "README.md",
    `# The verbs of maider-sweep\n\n| verb | what it does |\n| --- | --- |\n${rows.join("\n")}\n\n${EXIT_CODES}`,
  );
  return pages;
}

const EXIT_CODES = `## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | a bug of ours |
| 2 | usage or plan |
| 3 | refused by the budget |
| 4 | provider, credentials or network |
| 5 | some configurations failed or were not started |
| 6 | a VM may still be billed; outranks all others |
| 7 | another sweep holds the state folder |
| 130 | interrupted, everything proved gone |

Results and \`--json\` go to stdout; progress, warnings and errors to stderr. An error is three short lines: what failed,
why, what to try.
`;

function page(verb: CommandSpec | CommandGroup): string {
  const text = MANUAL_TEXTS[verb.name];
  if (text === undefined) throw new Error(`scripts/manual-texts.ts says nothing of ${verb.name}`);
  const parts = [
    `# maider-sweep ${verb.name}`,
    `${verb.summary}.`,
    ...text.about,
    ...("commands" in verb
      ? verb.commands.map((spec) =>
          sections(`${verb.name} ${spec.name}`, spec, "###", spec.summary),
        )
      : [sections(verb.name, verb, "##")]),
    `Exit codes are those of [all verbs](README.md#exit-codes).`,
    ...seeAlso(text.seeAlso),
  ];
  return `${parts.join("\n\n")}\n`;
}

function seeAlso(names: readonly string[]): readonly string[] {
  const there = names.filter((name) => COMMANDS.some((verb) => verb.name === name));
  const links = there.map((name) => `[${name}](${name}.md)`);
  return links.length === 0 ? [] : [`See also: ${links.join(", ")}.`];
}

function sections(name: string, spec: CommandSpec, heading: string, summary?: string): string {
  const words = spec.parameters.map(([syntax]) => ` ${syntax}`).join("");
  const given = spec.parameters.map(([syntax, meaning]) => row(syntax, meaning));
  const options = spec.options.filter(({ hidden }) => hidden !== true).map(optionRow);
  return [
    ...(summary === undefined ? [] : [`## ${name}`, `${summary}.`]),
    `    maider-sweep ${name}${words}${options.length > 0 ? " [options]" : ""}`,
    ...(given.length + options.length === 0
      ? []
      : [`${heading} Options`, table([...given, ...options])]),
    ...(spec.examples.length === 0
      ? []
      : [`${heading} Examples`, spec.examples.map((line) => `    ${line}`).join("\n")]),
  ].join("\n\n");
}

function optionRow({ flags, description, choices, defaultValue }: OptionSpec): string {
  const notes = [
    ...(choices === undefined ? [] : [choices.join(", ")]),
    ...(defaultValue === undefined ? [] : [`default: ${JSON.stringify(defaultValue)}`]),
  ];
  return row(flags, notes.length === 0 ? description : `${description} (${notes.join("; ")})`);
}

function table(rows: readonly string[]): string {
  return ["| | |", "| --- | --- |", ...rows].join("\n");
}

function row(name: string, meaning: string): string {
  return `| \`${name}\` | ${cell(meaning)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync(FOLDER)) rmSync(new URL(name, FOLDER));
  for (const [name, text] of manualPages()) writeFileSync(new URL(name, FOLDER), text);
}
