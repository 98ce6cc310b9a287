import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { manualPages } from "../../scripts/write-manual.ts";
import { allCommands } from "../../src/cli/verbs.ts";
import { speak } from "./fake-terminal.ts";

const FOLDER = new URL("../../docs/verbs/", import.meta.url);
/** Of a terminal that is not small. */
const SCREEN_LINES = 46;
const SCREEN_COLUMNS = 80;

const specs = (await allCommands()).flatMap((verb) =>
  "commands" in verb
    ? verb.commands.map((spec) => ({ words: [verb.name, spec.name], spec }))
    : [{ words: [verb.name], spec: verb }],
);

test("the manual in docs/verbs is what the verbs' data make (`npm run manual` writes it)", () => {
  const pages = manualPages();
  expect(readdirSync(FOLDER).toSorted()).toEqual([...pages.keys()].toSorted());
  for (const [name, text] of pages) expect(readFileSync(new URL(name, FOLDER), "utf8")).toBe(text);
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

const groups = (await allCommands()).flatMap((verb) => ("commands" in verb ? [verb] : []));

test.each(groups.map((group) => [group.name, group] as const))(
  "%s --help ends in an example of each of its verbs",
  async (name, { commands }) => {
    const { code, stdout } = await speak([name, "--help"]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(SCREEN_LINES);
    expect(lines.at(-commands.length - 1)).toBe("Examples:");
    for (const [index, { name: verb }] of commands.entries())
      expect(lines.slice(-commands.length)[index]).toMatch(
        new RegExp(`^  \\$ maider-sweep ${name} ${verb}\\b`),
      );
  },
);

test("the list of verbs fits a screen, a line for each", async () => {
  const { stdout } = await speak(["--help"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(SCREEN_LINES);
  for (const { words } of specs)
    expect(lines.filter((line) => line.startsWith(`  ${words[0] ?? ""} `))).toHaveLength(1);
});

test.each([
  [["rum", "plan.yaml"], "run"],
  [["benchmark-compair"], "benchmark-compare"],
  [["run", "plan.yaml", "--max-cots", "5"], "--max-cost"],
  [["db", "chekc"], "check"],
])("%j is answered with what was meant", async (argv, meant) => {
  const { code, stderr } = await speak(argv);
  expect(code).toBe(2);
  expect(stderr).toContain(`Did you mean ${meant}?`);
});
