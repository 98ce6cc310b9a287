import { expect, test } from "vitest";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const OTHER = "g2-gpu-rtx4000a1-m";
const SMALL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const LARGE = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";

const plan = (regions = ""): string => `version: 1
name: endings
budget: { max_cost: 9, max_hours_per_rental: 2 }
concurrency: 2
passes: 1
suites: [coding]
${regions}
entries:
  - gpu: ${CARD}
    models: [${SMALL}, ${LARGE}]
  - gpu: ${OTHER}
    models: [${SMALL}]
`;

interface Ending {
  readonly faults: readonly object[];
  readonly regions?: string;
  readonly code: number;
  /** Configurations with a record in the end. */
  readonly measured: number;
  /** What the summary says of the one that failed. */
  readonly says: RegExp;
}

const machine = (action: string): object => ({ vm: { type: CARD, model: SMALL }, action });

const ENDINGS: Readonly<Record<string, Ending>> = {
  "no stock in the first region: the next one is taken": {
    faults: [{ region: "us-ord", action: "no-stock", advertised: true }],
    regions: "regions: [us-ord, us-sea]",
    code: 0,
    measured: 3,
    says: /us-sea/,
  },
  "no stock anywhere for one entry: it is not started, the other is": {
    faults: [{ type: OTHER, action: "no-stock" }],
    code: 5,
    measured: 2,
    says: /no stock of g2-gpu-rtx4000a1-m/,
  },
  "one model out of memory: the next model of the same rental goes on": {
    faults: [machine("out-of-memory")],
    code: 5,
    measured: 2,
    says: /out of GPU memory/,
  },
  "one model gated: the next model of the same rental goes on": {
    faults: [machine("gated")],
    code: 5,
    measured: 2,
    says: /the model is gated/,
  },
  "vLLM dies in the middle: the next model of the same rental goes on": {
    faults: [machine("server-dies")],
    code: 5,
    measured: 2,
    says: /vLLM died|illegal memory access/,
  },
  "SSH freezes in the middle: the rental is destroyed, the other goes on": {
    faults: [machine("ssh-freezes")],
    code: 5,
    measured: 1,
    says: /SSH was lost and did not come back/,
  },
  "a boot that hangs: the rental is destroyed, the other goes on": {
    faults: [{ vm: { type: CARD }, action: "boot-hangs" }],
    code: 5,
    measured: 1,
    says: /still booting/,
  },
};

async function nothingIsLeft(rig: SweepRun): Promise<void> {
  const { vms, firewalls } = await rig.ask<{
    vms: { deleted: string | null }[];
    firewalls: { deleted: unknown }[];
  }>("state");
  expect(vms.every(({ deleted }) => deleted !== null)).toBe(true);
  expect(firewalls.every(({ deleted }) => Boolean(deleted))).toBe(true);
  const invoice = await rig.ask<{ usd: number }>("invoice");
  const { stdout } = await rig.run("status", "--json");
  const { runs } = JSON.parse(stdout) as { runs: { spent_usd: number; cap_usd: number }[] };
  const spent = runs.reduce((sum, { spent_usd }) => sum + spent_usd, 0);
  expect(invoice.usd).toBeLessThanOrEqual(spent + 1e-9);
  for (const { spent_usd, cap_usd } of runs) expect(spent_usd).toBeLessThanOrEqual(cap_usd);
}

test.each(Object.entries(ENDINGS))("%s", async (_name, ending) => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  await rig.faults(ending.faults);
  const file = rig.plan(plan(ending.regions));
  const { code, stdout } = await rig.run("run", file, "--simulate", rig.url, "--quiet");
  expect(stdout).toMatch(ending.says);
  expect(rig.records()).toHaveLength(ending.measured);
  expect(code).toBe(ending.code);
  await nothingIsLeft(rig);
});

test("a cap below the cheapest entry is refused before anything is written", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  const { code, stderr } = await rig.run(
    "run",
    rig.plan(plan()),
    "--simulate",
    rig.url,
    "--max-cost",
    "0.60",
  );
  expect(code).toBe(3);
  expect(stderr).toMatch(/--max-cost \d+\.\d\d would do/);
  const { requests } = await rig.ask<{ requests: { method: string }[] }>("requests");
  expect(requests.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a cap that holds one entry at a time runs all of them, in turn", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  const { code } = await rig.run(
    "run",
    rig.plan(plan()),
    "--simulate",
    rig.url,
    "--quiet",
    "--max-cost",
    "2.20",
  );
  expect(code).toBe(0);
  expect(rig.records()).toHaveLength(3);
  await nothingIsLeft(rig);
});

test("a bad plan is refused with its line, and nothing is sent", async () => {
  await using rig = await sweepRun(3);
  const bad = rig.plan(plan().replace(CARD, "g2-gpu-rtx4000a1-z"));
  const { code, stderr } = await rig.run("run", bad, "--simulate", rig.url);
  expect(code).toBe(2);
  expect(stderr).toMatch(/plan\.yaml:9:\d+: .*g2-gpu-rtx4000a1-/);
  const { requests } = await rig.ask<{ requests: unknown[] }>("requests");
  expect(requests).toEqual([]);
});
