import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { findRun } from "../../../src/run/run-folder/find-run.ts";
import { newStateDir } from "../../journal/journal-rig.ts";

let stateDir: string;
beforeEach(() => {
  stateDir = newStateDir();
});

function makeRuns(...runs: readonly string[]): void {
  for (const run of runs) mkdirSync(join(stateDir, run), { recursive: true });
}

test("a run is found by its id or by the first characters of it, real or simulated", () => {
  makeRuns("runs/abcd1234", "runs/abxy1234", "simulated/runs/k3xw90ab");
  expect(findRun(stateDir, "abcd1234").run).toBe("abcd1234");
  expect(findRun(stateDir, "abx").run).toBe("abxy1234");
  expect(findRun(stateDir, "k")).toEqual({
    run: "k3xw90ab",
    folder: join(stateDir, "simulated/runs/k3xw90ab"),
    simulated: true,
  });
});

test("without an id, or with `last`, the newest run is found, also among simulated or real ones only", () => {
  makeRuns("runs/older123", "simulated/runs/newer123");
  expect(findRun(stateDir, undefined).run).toBe("newer123");
  expect(findRun(stateDir, "last").run).toBe("newer123");
  expect(findRun(stateDir, undefined, "real").run).toBe("older123");
});

test("characters that several runs begin with are refused, with those runs", () => {
  makeRuns("runs/abcd1234", "simulated/runs/abxy1234");
  expect(() => findRun(stateDir, "ab")).toThrow(
    expect.objectContaining({
      message: "2 runs begin with ab",
      exitCode: 2,
      hint: "name one of abcd1234, abxy1234",
    }),
  );
  expect(findRun(stateDir, "ab", "simulated").run).toBe("abxy1234");
});

test("an unknown run is refused, with the newest ones", () => {
  makeRuns("runs/abcd1234");
  expect(() => findRun(stateDir, "zz")).toThrow(
    expect.objectContaining({ exitCode: 2, reason: "the newest are abcd1234" }),
  );
});

test("a state folder without runs says so", () => {
  expect(() => findRun(stateDir, undefined)).toThrow(`there are no runs in ${stateDir}`);
  expect(() => findRun(stateDir, "last", "simulated")).toThrow("there are no simulated runs");
});
