import { writeFileSync } from "node:fs";
import { loadVerbs } from "../src/cli/load-verbs.ts";

const list = (await loadVerbs()).map(({ name, group, summary, synonyms = [] }) => ({
  name,
  group,
  summary,
  synonyms,
}));
writeFileSync(new URL("../dist/cli/verb-list.json", import.meta.url), JSON.stringify(list));
