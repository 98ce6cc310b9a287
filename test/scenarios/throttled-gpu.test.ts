import { expect, test } from "vitest";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

interface Told {
  readonly type: string;
  readonly reason?: string;
}

/** The quick plan on a GPU that is hot for so many seconds. */
async function measureHot(rig: SweepRun, seconds: number) {
  await rig.faults([{ vm: { nth: 1 }, action: "throttles", for_seconds: seconds }]);
  const ended = await rig.run("run", "plans/quick.yaml", "--simulate", rig.url, "--json");
  const lines = ended.stdout.trim().split("\n");
  return { ...ended, events: lines.map((line) => JSON.parse(line) as Told) };
}

test("a pass in which the GPU was hot is void with that reason, is done again, and only the sound one is recorded", async () => {
  await using rig = await sweepRun(5);
  const { code, events } = await measureHot(rig, 90);
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
  const { code, stdout, stderr, events } = await measureHot(rig, 100_000);
  expect(events.filter(({ type }) => type === "pass.void")).toHaveLength(5);
  expect(stdout).toMatch(/void 5 times: .*the GPU was throttled: sw_thermal_slowdown/);
  expect({ code, stderr: /^error: a bug/m.test(stderr) }).toEqual({ code: 5, stderr: false });
  expect(rig.records()).toEqual([]);
  expect(events.some(({ type }) => type === "rental.gone")).toBe(true);
});
