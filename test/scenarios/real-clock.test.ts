import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { leftIn, statusOf } from "./watched-sweep.ts";

const PLAN = `version: 1
name: real-clock
budget: { max_cost: 2, max_hours_per_rental: 2 }
concurrency: 1
passes: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

test("--api-url and --ssh-port run a plan on the real clock, with a token and a world of somebody else", async () => {
  await using rig = await sweepRun(11, "--speed", "1", "--delays", "0.02");
  const { code, stdout, stderr } = await rig.run(
    "run",
    rig.plan(PLAN),
    "--api-url",
    rig.url,
    "--ssh-port",
    "2222",
    { LINODE_TOKEN: rig.token },
  );
  expect(stderr).not.toMatch(/^error/m);
  expect(code).toBe(0);
  // For the program this cloud is a real one: nothing is marked, and the money is money.
  expect(stdout).not.toContain("SIMULATED");
  const { benchmarks } = JSON.parse(readFileSync(rig.env.MAIDER_SWEEP_DB, "utf8")) as {
    benchmarks: readonly BenchmarkRecord[];
  };
  expect(benchmarks).toHaveLength(1);
  expect(benchmarks[0]?.summary.simulated).toBe(false);
  expect(rig.records()).toEqual([]);
  expect(await leftIn(rig)).toEqual({ vms: 0, firewalls: 0 });
  const { usd } = await rig.ask<{ usd: number }>("invoice");
  expect(usd).toBeGreaterThan(0);
  expect(await statusOf(rig)).toMatchObject([
    { state: "finished", spent_usd: usd, reserved_usd: 0, cap_usd: 2 },
  ]);
  // Its own firewall admits this machine alone.
  const { requests } = await rig.ask<{
    requests: { method: string; path: string; body: unknown }[];
  }>("requests");
  const firewall = requests.find(
    ({ method, path }) => method === "POST" && path === "/networking/firewalls",
  );
  expect(JSON.stringify(firewall?.body)).toContain("127.0.0.1/32");
});

test.each([
  ["--seed", "4"],
  ["--speed", "60"],
])("%s cannot change a world that runs already: exit 2, nothing is sent", async (option, value) => {
  await using rig = await sweepRun(11);
  const { code, stderr } = await rig.run(
    "run",
    rig.plan(PLAN),
    "--simulate",
    rig.url,
    option,
    value,
  );
  expect(stderr).toContain(`${option} cannot change a simulated cloud that runs already`);
  expect(code).toBe(2);
  const { requests } = await rig.ask<{ requests: unknown[] }>("requests");
  expect(requests).toEqual([]);
});
