import { shellWord } from "../support/shell-word.ts";

/** The options that have named a place, for a command line that is to find the same: ` --db FILE --state-dir FOLDER`. */
export function locationFlags(options: Readonly<Record<string, unknown>>): string {
  const named = { "--db": options["db"], "--state-dir": options["stateDir"] };
  return Object.entries(named)
    .map(([flag, place]) => (typeof place === "string" ? ` ${flag} ${shellWord(place)}` : ""))
    .join("");
}
