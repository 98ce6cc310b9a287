import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { loadVerbs } from "../src/cli/load-verbs.ts";
import {
  GROUPS,
  type Action,
  type AnyArgument,
  type AnyOption,
  type Verb,
} from "../src/cli/verb.ts";

const VERBS = await loadVerbs();
const FOLDER = new URL("../docs/verbs/", import.meta.url);
/** Recorded by `npm run outputs`. */
const OUTPUTS = new URL("../docs/verb-output/", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const [BEGIN, END] = [
  "<!-- The verbs, as `npm run manual` writes them. -->",
  "<!-- End of the verbs. -->",
];

/** The manual: a page for each verb, made from what also makes `--help`, and one that lists them. */
export function manualPages(): ReadonlyMap<string, string> {
  const pages = new Map(VERBS.map((verb) => [`${verb.name}.md`, page(verb)]));
  pages.set("README.md", `# The verbs of maider-sweep\n\n${verbTable()}\n\n${EXIT_CODES}`);
  return pages;
}

/** The text of README.md with its list of verbs up to date. */
export function readmeText(): string {
  const text = readFileSync(README, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  if (after === "") throw new Error(`README.md lacks the line ${BEGIN} or ${END}`);
  return `${before}${BEGIN}\n\n${verbList()}\n\n${END}${after}`;
}

/** A line for each group: `Plan: doctor, estimate, init`. */
function verbList(): string {
  const lines = Object.entries(GROUPS).map(([group, heading]) => {
    const names = VERBS.filter((verb) => verb.group === group).map(
      ({ name }) => `[\`${name}\`](docs/verbs/${name}.md)`,
    );
    return `- ${heading}: ${names.join(", ")}`;
  });
  return lines.join("\n");
}

function verbTable(): string {
  const rows = Object.entries(GROUPS).flatMap(([group, heading]) => [
    `| **${heading}** | |`,
    ...VERBS.filter((verb) => verb.group === group).map(
      (verb) => `| [\`${verb.name}${usage(verb)}\`](${verb.name}.md) | ${cell(verb.summary)} |`,
    ),
  ]);
  return ["| verb | what it does |", "| --- | --- |", ...rows].join("\n");
}

/** ` PLAN`, ` [RUN]`, ` check|repair`. */
function usage(verb: Verb): string {
  if ("subcommands" in verb) return ` ${verb.subcommands.map(({ name }) => name).join("\\|")}`;
  return verb.arguments
    .map((each) => ({ word: each.name().toUpperCase(), required: each.required }))
    .map(({ word, required }) => (required ? ` ${word}` : ` [${word}]`))
    .join("");
}

const EXIT_CODES = `## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | a bug in maider-sweep |
| 2 | usage or plan |
| 3 | refused by the budget |
| 4 | provider, credentials or network |
| 5 | some configurations failed or were not started |
| 6 | a VM may still be billed; outranks all others |
| 7 | another run holds the state folder |
| 130 | interrupted, everything confirmed deleted |

Results and \`--json\` go to stdout; progress, warnings and errors to stderr. An error is three short lines: what failed,
why, what to try.
`;

function page(verb: Verb): string {
  const parts = [
    `# maider-sweep ${verb.name}`,
    `${verb.summary}.`,
    ...verb.about,
    ...("subcommands" in verb
      ? verb.subcommands.flatMap((action) => [
          `## ${verb.name} ${action.name}`,
          `${action.summary}.`,
          sections(`${verb.name} ${action.name}`, action, "###"),
        ])
      : [sections(verb.name, verb, "##")]),
    ...recordedOutput(verb.name),
    `Exit codes are those of [all verbs](README.md#exit-codes).`,
    ...seeAlso(verb.related),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What the verb prints on a simulated cloud; empty if that is not recorded. */
function recordedOutput(name: string): readonly string[] {
  const file = new URL(`${name}.txt`, OUTPUTS);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8").trimEnd();
  return ["## Output", "On the simulated cloud:", `\`\`\`text\n${text}\n\`\`\``];
}

function seeAlso(names: readonly string[]): readonly string[] {
  const links = names.map((name) => `[${name}](${name}.md)`);
  return links.length === 0 ? [] : [`See also: ${links.join(", ")}.`];
}

function sections(name: string, action: Action, heading: string): string {
  const words = action.arguments.map((each) => ` ${syntax(each)}`).join("");
  const given = action.arguments.map((each) => row(syntax(each), each.description));
  const options = action.options.filter(({ hidden }) => !hidden).map(optionRow);
  return [
    `    maider-sweep ${name}${words}${options.length > 0 ? " [options]" : ""}`,
    ...(given.length + options.length === 0
      ? []
      : [`${heading} Options`, table([...given, ...options])]),
    `${heading} Examples`,
    action.examples.map((line) => `    ${line}`).join("\n"),
  ].join("\n\n");
}

/** `<plan>`, `[run]`, `<id...>`. */
function syntax(argument: AnyArgument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionRow({ flags, description, argChoices, defaultValue }: AnyOption): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
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
  writeFileSync(README, readmeText());
}
