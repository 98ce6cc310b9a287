import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { verbNames } from "../../../src/cli/load-verbs.ts";
import { speak } from "../fake-terminal.ts";

function complete(script: string, words: readonly string[]): readonly string[] {
  const ask = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${String(words.length - 1)}; _maider_sweep; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", ask], { encoding: "utf8" }).trim().split("\n");
}

it("bash completes verbs and the options of each", async () => {
  const { stdout } = await speak(["completion", "bash"]);
  expect(complete(stdout, ["maider-sweep", "sch"])).toEqual(["schema"]);
  expect(complete(stdout, ["maider-sweep", "run", "--max-c"])).toEqual(["--max-cost"]);
  expect(complete(stdout, ["maider-sweep", "doctor", "--ceil"])).toEqual([""]);
});

it("bash completes the values of an option that has only so many", async () => {
  const { stdout } = await speak(["completion", "bash"]);
  const ask = (...words: string[]) => complete(stdout, ["maider-sweep", ...words]);
  expect(ask("recommend", "--task", "co")).toEqual(["coding", "context_heavy"]);
  expect(ask("benchmark-compare", "-f", "")).toEqual(["table", "json", "csv", "markdown"]);
  expect(ask("recommend", "--quiet", "--bud")).toEqual(["--budget"]);
});

it.each(["bash", "zsh", "fish"])("%s knows every verb", async (shell) => {
  const { code, stdout } = await speak(["completion", shell]);
  expect(code).toBe(0);
  expect(verbNames().filter((name) => !stdout.includes(name))).toEqual([]);
});

it("refuses a shell that it does not know", async () => {
  const { code, stderr } = await speak(["completion", "tcsh"]);
  expect(code).toBe(2);
  expect(stderr).toContain("bash, zsh or fish");
});
