import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readJournal } from "../../src/journal/journal-file.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const OTHER = "g2-gpu-rtx4000a1-m";
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

const plan = (budget: string, cards: readonly string[]): string => `version: 1
name: money
budget: { max_hours_per_rental: 2, ${budget} }
regions: [us-ord]
concurrency: 1
passes: 1
suites: [coding]
entries:
${cards.map((card) => `  - gpu: ${card}\n    models: [${MODEL}]`).join("\n")}
`;

const runOf = (sweep: SweepRun, file: string, ...more: readonly string[]) =>
  sweep.run("run", file, "--simulate", sweep.url, ...more);

const start = () => sweepRun(1, "--speed", "120", "--delays", "0.1");

test("a price that rises by more than 1 % before a rental is admitted refuses it", async () => {
  await using sweep = await start();
  const running = runOf(sweep, sweep.plan(plan("max_cost: 9", [CARD, OTHER])));
  const vms = async () => (await sweep.ask<{ vms: unknown[] }>("state")).vms.length;
  await expect.poll(vms, { timeout: 60_000, interval: 50 }).toBe(1);
  await fetch(`${sweep.url}/simulator/price`, {
    method: "POST",
    body: JSON.stringify({ type: OTHER, hourly: 9.5 }),
  });
  const { code, stdout } = await running;
  expect(code).toBe(5);
  expect(stdout).toMatch(/the price in us-ord rose from \$\d\.\d\d to \$9\.50/);
  expect(await vms()).toBe(1);
});

test("monthly_cap counts all runs of the state folder", async () => {
  await using sweep = await start();
  const file = sweep.plan(plan("max_cost: 9", [CARD]));
  const first = await runOf(sweep, file);
  expect(first.code).toBe(0);
  const { usd } = await sweep.ask<{ usd: number }>("invoice");
  const asked = await sweep.run("estimate", file, "--simulate", sweep.url, "--json");
  const reserved = (JSON.parse(asked.stdout) as { worst: { usd: number } }).worst.usd;
  const cap = reserved.toFixed(2);
  const just = (usd + reserved).toFixed(2);
  const little = (usd + reserved - 0.05).toFixed(2);
  const refused = await runOf(
    sweep,
    sweep.plan(plan(`max_cost: ${cap}, monthly_cap: ${little}`, [CARD])),
  );
  expect(refused.code).toBe(5);
  expect(refused.stdout).toContain(`of monthly_cap $${little} are spent or reserved`);
  const admitted = await runOf(
    sweep,
    sweep.plan(plan(`max_cost: ${cap}, monthly_cap: ${just}`, [CARD])),
  );
  expect(admitted.code).toBe(0);
});

/** Runs the plan, and `up`, which reserves $2.08, while the first VM of the plan cannot be deleted. */
async function upBesideSweep(sweep: SweepRun, file: string) {
  const match = { method: "DELETE", path: "^/linode/instances/" };
  await sweep.faults([{ match, count: -1, action: "status", status: 500 }]);
  const running = runOf(sweep, file, "--destroy-patience", "600");
  const vms = async () => (await sweep.ask<{ vms: unknown[] }>("state")).vms.length;
  await expect.poll(vms, { timeout: 60_000, interval: 50 }).toBe(1);
  const vm = ["--gpu", CARD, "--model", MODEL, "--max-cost", "2.10", "--max-hours", "48"];
  const up = await sweep.runAtHome("up", ...vm, "--name", "beside", "--simulate", sweep.url);
  await fetch(`${sweep.url}/simulator/faults`, { method: "DELETE" });
  return { up, run: await running, vms: await vms() };
}

test("monthly_cap counts a VM that is brought up beside a sweep once that has begun", async () => {
  await using sweep = await start();
  // The entries reserve $1.04 and $1.34, one after the other.
  const file = sweep.plan(plan("max_cost: 3, monthly_cap: 3.50", [CARD, OTHER]));
  const { up, run, vms } = await upBesideSweep(sweep, file);
  expect(up.code).toBe(0);
  expect(run.stdout).toMatch(
    /budget: it needs \$1\.34, \$\d\.\d\d of monthly_cap \$3\.50 are spent/,
  );
  expect(run.code).toBe(5);
  expect(vms).toBe(2);
  expect((await sweep.runAtHome("down", "beside")).code).toBe(0);
});

test("monthly_cap of a sweep that is open holds for a VM that is brought up beside it", async () => {
  await using sweep = await start();
  const file = sweep.plan(plan("max_cost: 3, monthly_cap: 3.00", [CARD]));
  const { up, run, vms } = await upBesideSweep(sweep, file);
  expect(up.stdout).toMatch(
    /budget: it needs \$2\.08, \$\d\.\d\d of monthly_cap \$3\.00 are spent/,
  );
  expect(up.code).toBe(5);
  expect(run.code).toBe(0);
  expect(vms).toBe(1);
});

const accountFacts = (sweep: SweepRun) => {
  const runs = join(sweep.stateDir, "simulated", "runs");
  const { events } = readJournal(join(runs, readdirSync(runs)[0] ?? ""));
  return events.filter(({ type }) => type.startsWith("account."));
};

test("the ledger stands beside what the account says", async () => {
  await using sweep = await start();
  const { code, stderr } = await runOf(sweep, sweep.plan(plan("max_cost: 9", [CARD])));
  expect(code).toBe(0);
  const { usd } = await sweep.ask<{ usd: number }>("invoice");
  const micros = Math.round(usd * 1e6);
  expect(accountFacts(sweep)).toMatchObject([
    { type: "account.read", uninvoiced_micro_usd: 0 },
    { type: "account.compared", grown_micro_usd: micros, spent_micro_usd: micros },
  ]);
  const both = `$${usd.toFixed(2)}, the ledger says $${usd.toFixed(2)}`;
  expect(stderr).toContain(`the account's uninvoiced balance grew by ${both}`);
});

test("a server that is not the run's makes the account differ, and that is told", async () => {
  await using sweep = await start();
  const running = runOf(sweep, sweep.plan(plan("max_cost: 9", [CARD])));
  const vms = async () => (await sweep.ask<{ vms: unknown[] }>("state")).vms.length;
  await expect.poll(vms, { timeout: 60_000, interval: 50 }).toBe(1);
  const reply = await fetch(`${sweep.url}/v4/linode/instances`, {
    method: "POST",
    headers: { authorization: `Bearer ${sweep.token}` },
    body: JSON.stringify({
      label: "web",
      type: CARD,
      region: "us-ord",
      image: "linode/ubuntu24.04",
      root_pass: "Correct-Horse-Battery-9-Staple",
      interface_generation: "legacy_config",
    }),
  });
  expect(reply.status).toBe(200);
  const { code, stderr } = await running;
  expect(code).toBe(0);
  const { lines } = await sweep.ask<{ lines: { label: string; usd: number }[] }>("invoice");
  const ours = lines.find(({ label }) => label !== "web")?.usd ?? 0;
  const all = lines.reduce((sum, { usd }) => sum + usd, 0);
  expect(all).toBeGreaterThan(ours);
  expect(stderr).toContain(`grew by $${all.toFixed(2)}, the ledger says $${ours.toFixed(2)}`);
});

test("a token that may not read the account runs all the same, and nothing is compared", async () => {
  await using sweep = await start();
  await fetch(`${sweep.url}/simulator/tokens`, {
    method: "POST",
    body: JSON.stringify({
      token: sweep.token,
      scopes: "linodes:read_write firewall:read_write",
      expiry: null,
      revoked: false,
    }),
  });
  const { code, stderr } = await runOf(sweep, sweep.plan(plan("max_cost: 9", [CARD])));
  expect(code).toBe(0);
  expect(accountFacts(sweep)).toEqual([]);
  expect(stderr).not.toContain("uninvoiced");
});
