import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { manualPages, readmeText } from "../../scripts/write-manual.ts";
import { loadVerbs } from "../../src/cli/load-verbs.ts";
import { speak } from "./fake-terminal.ts";

const FOLDER = new URL("../../docs/verbs/", import.meta.url);
/** Of a terminal that is not small. */
const SCREEN_LINES = 46;
const SCREEN_COLUMNS = 80;

const verbs = await loadVerbs();
const specs = verbs.flatMap((verb) =>
  "subcommands" in verb
    ? verb.subcommands.map((spec) => ({ words: [verb.name, spec.name], spec }))
    : [{ words: [verb.name], spec: verb }],
);

test("the manual in docs/verbs is made from the verbs (`npm run manual` writes it)", () => {
  const pages = manualPages();
  expect(readdirSync(FOLDER).toSorted()).toEqual([...pages.keys()].toSorted());
  for (const [name, text] of pages) expect(readFileSync(new URL(name, FOLDER), "utf8")).toBe(text);
});

test("the list of verbs in README.md is made from the verbs (`npm run manual` writes it)", () => {
  expect(readFileSync(new URL("../../README.md", import.meta.url), "utf8")).toBe(readmeText());
});

test("its links lead somewhere", () => {
  const pages = manualPages();
  for (const [name, text] of pages)
    for (const [, target = ""] of text.matchAll(/\]\((\w[\w-]*\.md)/g))
      expect(pages.has(target), `${name} links to ${target}`).toBe(true);
});

test.each(specs.map(({ words, spec }) => [words.join(" "), words, spec] as const))(
  "%s --help fits a screen and ends in examples",
  async (_, words, spec) => {
    const { code, stdout } = await speak([...words, "--help"]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(SCREEN_LINES);
    const written = new Set(spec.examples.map((line) => `  $ ${line}`));
    const wide = lines.filter((line) => line.length > SCREEN_COLUMNS && !written.has(line));
    expect(wide).toEqual([]);
    expect(spec.examples.length).toBeGreaterThan(0);
    expect(lines.at(-1)).toBe(`  $ ${spec.examples.at(-1) ?? ""}`);
    for (const line of spec.examples) expect(line).toContain(`maider-sweep ${words.join(" ")}`);
  },
);

const groups = verbs.flatMap((verb) => ("subcommands" in verb ? [verb] : []));

test.each(groups.map((group) => [group.name, group] as const))(
  "%s --help ends in an example of each of its verbs",
  async (name, { subcommands }) => {
    const { code, stdout } = await speak([name, "--help"]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(SCREEN_LINES);
    expect(lines.at(-subcommands.length - 1)).toBe("Examples:");
    for (const [index, { name: verb }] of subcommands.entries())
      expect(lines.slice(-subcommands.length)[index]).toMatch(
        new RegExp(`^  \\$ maider-sweep ${name} ${verb}\\b`),
      );
  },
);

test("the list of verbs fits a screen, a line for each", async () => {
  const { stdout } = await speak(["--help"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(SCREEN_LINES);
  expect(lines.filter((line) => line.length > SCREEN_COLUMNS)).toEqual([]);
  for (const { words } of specs)
    expect(lines.filter((line) => line.startsWith(`  ${words[0] ?? ""} `))).toHaveLength(1);
});
