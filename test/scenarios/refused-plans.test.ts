import { afterAll, beforeAll, expect, test } from "vitest";
import { speak } from "../cli/fake-terminal.ts";
import { BAD_PLANS } from "../plan/bad-plans.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

let rig: SweepRun;
beforeAll(async () => {
  rig = await sweepRun(3);
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

/** Outside a simulation the Hub would be asked first. */
const UNKNOWN = " is not in the catalogue";
const NOBODY_ASKED =
  ", and a simulation does not contact the Hub: run `estimate` once without --simulate";

test.each(BAD_PLANS)(
  "%s: refused with its place, and nothing is sent",
  async (_what, text, says) => {
    const file = rig.plan(text);
    const { code, stdout, stderr } = await speak(["run", file, "--simulate", rig.url], rig.env);
    const problems = says
      .split("\n")
      .map((line) => line.replace(/^plan\.yaml:/, `${file}:`))
      .map((line) => line.replace(UNKNOWN, `${UNKNOWN}${NOBODY_ASKED}`));
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(
        problems.length === 1
          ? /^error: the plan has 1 problem$/
          : new RegExp(`^error: the plan has ${String(problems.length)} problems$`),
      ),
      ...problems,
      expect.stringMatching(/^  try: nothing was sent/),
      "",
    ]);
    for (const problem of problems) expect(problem.slice(file.length)).toMatch(/^:\d+:\d+: ./);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  },
);

test("a plan is refused by the program with exit 2", async () => {
  const { code, stdout, stderr } = await rig.run("run", rig.plan(""), "--simulate", rig.url);
  expect(stderr).toMatch(/^error: the plan has 1 problem\n.*:1:1: the plan is empty/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("after all of them the simulated cloud has heard nothing", async () => {
  expect(BAD_PLANS.length).toBeGreaterThanOrEqual(30);
  const { requests } = await rig.ask<{ requests: unknown[] }>("requests");
  expect(requests).toEqual([]);
});
