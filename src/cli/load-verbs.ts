import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import type { ListedVerb, Verb } from "./verb.ts";

const FOLDER = new URL("./verbs/", import.meta.url);
/** Written by the build. Loading every verb would make `--help` a third slower. */
const LIST = new URL("./verb-list.json", import.meta.url);
// `.js` in a package; `.ts` where the sources run as they are.
const EXTENSION = extname(import.meta.url);

/** The names of all verbs, which are those of the files in `verbs/`. */
export function verbNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => /^[a-z-]+\.[jt]s$/.test(file) && extname(file) === EXTENSION)
    .map((file) => file.slice(0, -EXTENSION.length))
    .toSorted();
}

/** @param name one of `verbNames()` */
export async function loadVerb(name: string): Promise<Verb> {
  const file = new URL(`${name}${EXTENSION}`, FOLDER).href;
  const { verb } = (await import(file)) as { readonly verb: Verb };
  return verb;
}

export function loadVerbs(): Promise<readonly Verb[]> {
  return Promise.all(verbNames().map(loadVerb));
}

/** All verbs, in alphabetical order, as `--help` lists them. */
export async function listVerbs(): Promise<readonly ListedVerb[]> {
  if (EXTENSION === ".ts") return loadVerbs();
  return JSON.parse(readFileSync(LIST, "utf8")) as readonly ListedVerb[];
}
