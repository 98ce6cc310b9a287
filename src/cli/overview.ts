import { ExitCode, SweepError } from "../support/errors.ts";
import { nearest } from "../support/nearest.ts";
import { GROUPS, type ListedVerb } from "./verb.ts";

const NAME_COLUMNS = 19;

/** The text of `maider-sweep --help`: every verb on a line of its own, under the heading of its group. */
export function overview(verbs: readonly ListedVerb[]): string {
  const groups = Object.entries(GROUPS).flatMap(([group, heading]) => [
    `${heading}:`,
    ...verbs
      .filter((verb) => verb.group === group)
      .map(({ name, summary }) => `  ${name.padEnd(NAME_COLUMNS)}${summary}`),
  ]);
  return `Usage: maider-sweep VERB [options]

Rents Linode GPU VMs from a plan, benchmarks LLMs on them with vLLM, deletes
the VMs and confirms it, and never spends more than the cap.

${groups.join("\n")}

Try it without an account:  maider-sweep run plans/quick.yaml --simulate
Options of a verb:          maider-sweep help VERB
`;
}

/** The error for a word that is not a verb, with the verbs that may have been meant. */
export function unknownVerb(word: string, verbs: readonly ListedVerb[]): SweepError {
  const words = verbs.flatMap(({ name, synonyms = [] }) => [name, ...synonyms]);
  const meant = nearest(word, words);
  const names = verbs
    .filter(({ name, synonyms = [] }) => name === meant || synonyms.some((each) => each === meant))
    .map(({ name }) => name);
  const list = "maider-sweep --help lists all commands";
  const question = `Did you mean ${names.length === 1 ? "" : "one of "}${names.join(", ")}?`;
  return new SweepError(`unknown command '${word}'`, {
    exitCode: ExitCode.usage,
    hint: names.length === 0 ? list : `${question} ${list}`,
  });
}
