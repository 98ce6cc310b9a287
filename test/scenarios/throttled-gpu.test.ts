import { expect, test } from "vitest";
import { sweepRun } from "../simulated/sweep-run.ts";

interface Told {
  readonly type: string;
  readonly reason?: string;
}

test("a pass in which the GPU was hot is void with that reason, is done again, and only the sound one is recorded", async () => {
  await using rig = await sweepRun(5);
  await rig.faults([{ vm: { nth: 1 }, action: "throttles", for_seconds: 90 }]);
  const { code, stdout } = await rig.run(
    "run",
    "plans/quick.yaml",
    "--simulate",
    rig.url,
    "--json",
  );
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
  const voids = events.filter(({ type }) => type === "pass.void");
  expect(voids.length).toBeGreaterThanOrEqual(1);
  expect(voids[0]?.reason).toContain("the GPU was throttled: sw_thermal_slowdown");
  expect(code).toBe(0);
  const records = rig.records();
  expect(records).toHaveLength(1);
  expect(records[0]?.summary.verdict?.state).toBe("sound");
});

test("a GPU that stays hot is measured five times and no more, its configuration failed with that reason, its VM gone", async () => {
  await using rig = await sweepRun(5);
  await rig.faults([{ vm: { nth: 1 }, action: "throttles", for_seconds: 100_000 }]);
  const { code, stdout, stderr } = await rig.run(
    "run",
    "plans/quick.yaml",
    "--simulate",
    rig.url,
    "--json",
  );
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
  expect(events.filter(({ type }) => type === "pass.void")).toHaveLength(5);
  expect(stdout).toMatch(/void 5 times: .*the GPU was throttled: sw_thermal_slowdown/);
  expect({ code, stderr: /^error: a bug/m.test(stderr) }).toEqual({ code: 5, stderr: false });
  expect(rig.records()).toEqual([]);
  expect(events.some(({ type }) => type === "rental.gone")).toBe(true);
});
