import { expect, test } from "vitest";
import { loadVerbs, verbNames } from "../../src/cli/load-verbs.ts";
import { speak } from "./fake-terminal.ts";

test("each file of verbs/ defines the verb of its name", async () => {
  expect((await loadVerbs()).map(({ name }) => name)).toEqual(verbNames());
});

test("related verbs exist", async () => {
  const unknown = (await loadVerbs()).flatMap(({ related }) =>
    related.filter((name) => !verbNames().includes(name)),
  );
  expect(unknown).toEqual([]);
});

test.each([
  [["rum", "plan.yaml"], "run"],
  [["benchmark-compair"], "benchmark-compare"],
  [["compare"], "benchmark-compare"],
  [["destroy"], "one of down, recover"],
  [["help", "recomend"], "recommend"],
  [["run", "plan.yaml", "--max-cots", "5"], "--max-cost"],
  [["db", "chekc"], "check"],
])("%j suggests what was meant", async (argv, meant) => {
  const { code, stdout, stderr } = await speak(argv);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(`Did you mean ${meant}?`);
});

test("a word that is near no verb gets no suggestion", async () => {
  const { code, stderr } = await speak(["xylophone"]);
  expect(code).toBe(2);
  expect(stderr).toBe(
    "error: unknown command 'xylophone'\n  try: maider-sweep --help lists all commands\n",
  );
});

test.each([
  [
    ["help", "status"],
    ["status", "--help"],
  ],
  [
    ["help", "db", "check"],
    ["db", "check", "--help"],
  ],
  [["help"], ["--help"]],
])("%j prints what %j prints", async (help, option) => {
  const shown = await speak(help);
  expect(shown).toEqual(await speak(option));
  expect(shown).toMatchObject({ code: 0, stderr: "" });
});

test("a command line without a verb is a usage error that shows all verbs", async () => {
  const { code, stdout, stderr } = await speak([]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toBe((await speak(["--help"])).stdout);
});

test.each([
  [["xylophone"], "unknown command 'xylophone'", "maider-sweep --help lists all commands"],
  [["status", "--jsno"], "unknown option '--jsno'", "Did you mean --json?"],
  [["benchmark-compare", "--users"], "unknown option '--users'", null],
  [["rebench"], "what to benchmark again is not clear", expect.stringContaining("--stale")],
])("under --json the error of %j is one line of JSON on stderr", async (argv, error, hint) => {
  const { code, stdout, stderr } = await speak([...argv, "--json"]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(stderr)).toEqual({ error, reason: null, hint, exit_code: 2 });
});
