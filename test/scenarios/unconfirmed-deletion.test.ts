import { expect, test } from "vitest";
import { sweepRun } from "../simulated/sweep-run.ts";
import { leftIn, statusOf, watchSweep } from "./watched-sweep.ts";

const PLAN = `version: 1
name: unconfirmed
budget: { max_cost: 9, max_hours_per_rental: 2 }
concurrency: 1
suites: [coding]
passes: 1
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-m]
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

test("a DELETE that fails for longer than the patience: exit 6 names the VM, nothing more is rented, and the guard ends it", async () => {
  await using rig = await sweepRun(5, "--speed", "90", "--delays", "0.1");
  await rig.faults([
    {
      match: { method: "DELETE", path: "^/linode/instances/" },
      count: -1,
      action: "status",
      status: 500,
    },
  ]);
  const sweep = watchSweep(rig, "run", rig.plan(PLAN), "--simulate", rig.url, "--json");
  const { label } = await sweep.until("destroy.intended");
  const { code, stderr } = await sweep.ended;
  expect(code).toBe(6);
  expect(stderr).toMatch(new RegExp(`not yet confirmed deleted; the guard[^]*${label}`));
  expect(sweep.events.filter(({ type }) => type === "rental.reserved")).toHaveLength(1);
  expect(sweep.events.filter(({ type }) => type === "entry.not_started")).toMatchObject([
    { reason: expect.stringContaining(`${label} is not confirmed deleted`) as string },
  ]);
  expect(await leftIn(rig)).toEqual({ vms: 1, firewalls: 1 });

  await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
  const guard = async (): Promise<number | null | undefined> => (await statusOf(rig))[0]?.guard_pid;
  await expect.poll(guard, { timeout: 60_000, interval: 300 }).toBe(null);
  expect(await leftIn(rig)).toEqual({ vms: 0, firewalls: 0 });
  const { usd } = await rig.ask<{ usd: number }>("invoice");
  const [run] = await statusOf(rig);
  expect(usd).toBeLessThanOrEqual((run?.spent_usd ?? 0) + 1e-9);
});
