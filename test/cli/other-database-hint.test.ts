import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/results/store/database.ts";
import { sampleRecord } from "../results/sample-record.ts";
import { databaseRig } from "./database-rig.ts";

const QUESTION = ["--task", "coding", "--budget", "none", "--size", "balanced"];

test.each([
  ["benchmark-compare"],
  ["benchmark-status"],
  ["recommend", ...QUESTION],
  ["report", "-o", "/dev/null"],
])("%s without results names the simulated ones, if there are any", async (...argv) => {
  const rig = databaseRig();
  expect((await rig.say(...argv)).stderr).not.toContain("--simulate");
  await openDatabase(join(rig.folder, "cache", "benchmark-database.simulated.json")).publish([
    sampleRecord(),
    sampleRecord(),
  ]);
  const { code, stderr } = await rig.say(...argv);
  expect(code).toBe(0);
  expect(stderr).toContain("There are 2 results of simulated runs: add --simulate.\n");
});

test("with --simulate the real ones are named", async () => {
  const rig = databaseRig();
  await openDatabase(rig.file).publish([sampleRecord()]);
  const { stderr } = await rig.say("benchmark-compare", "--simulate");
  expect(stderr).toContain("There is 1 result of real runs: omit --simulate.\n");
});

test("a database that was named is the only one", async () => {
  const rig = databaseRig();
  await openDatabase(rig.file).publish([sampleRecord()]);
  const { stderr } = await rig.say("benchmark-compare", "--db", join(rig.folder, "none.json"));
  expect(stderr).not.toContain("There is");
});
