import { expect, test } from "vitest";
import { sampleRecord } from "../../results/sample-record.ts";
import { databaseRig } from "../database-rig.ts";

const record = sampleRecord({ speed: 45.34 });
const label = "mds-abcdefgh-001-abcd-xsz0000";
const finished = {
  type: "pass.finished",
  label,
  model: record.model_id,
  pass: 1,
  record,
} as const;

test("status gives plan, dates and result of each run, as text and as JSON", async () => {
  const rig = databaseRig();
  const run = await rig.journal([
    finished,
    { type: "rental.settled", label, hours: 1, micro_usd: 520_000, usd: 0.52 },
  ]);
  const { code, stdout } = await rig.say("status");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    new RegExp(
      `^${run} {2}quick {2}finished\n {2}started 2026-11-24 04:00, ended 2026-11-24 04:00 UTC$`,
      "m",
    ),
  );
  expect(stdout).toMatch(/fastest: \S+ on rtx4000a1-s, 45\.3 tokens\/s/);
  const { runs } = JSON.parse((await rig.say("status", run.slice(0, 7), "--json")).stdout) as {
    runs: unknown[];
  };
  expect(runs).toEqual([
    expect.objectContaining({
      run,
      plan: "quick",
      simulated: false,
      session: false,
      passes: 1,
      fastest: { gpu: record.gpu_type, model: record.model_id, tokens_per_sec: 45.34 },
    }),
  ]);
});

test("status --simulate lists only simulated runs", async () => {
  const rig = databaseRig();
  await rig.journal([finished]);
  const { code, stdout } = await rig.say("status", "--simulate");
  expect([code, stdout]).toEqual([0, expect.stringContaining("no simulated runs yet in ")]);
  const refused = await rig.say("status", "last", "--simulate");
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining("there are no simulated runs"),
  ]);
});
