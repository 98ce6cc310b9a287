import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../../src/sessions/start-tunnel.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const SMALL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const LOOK_MS = 250;

interface World {
  readonly vms: readonly { readonly label: string; readonly deleted: string | null }[];
  readonly firewalls: readonly { readonly deleted: string | null }[];
}
interface Listed {
  readonly vms: readonly {
    readonly session: string;
    readonly run: string;
    readonly api_base: string;
    readonly tunnel: boolean;
    readonly stage: string;
    readonly spent_usd: number;
  }[];
}

const up = (rig: SweepRun, ...more: string[]) =>
  rig.runAtHome(
    "up",
    "--gpu",
    CARD,
    "--model",
    SMALL,
    "--simulate",
    rig.url,
    "--name",
    "coder-1",
    ...more,
  );

async function listed(rig: SweepRun): Promise<Listed["vms"]> {
  const { stdout } = await rig.run("list", "--json");
  return (JSON.parse(stdout) as Listed).vms;
}

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

async function expectNothingLeft(rig: SweepRun): Promise<void> {
  const { vms, firewalls } = await rig.ask<World>("state");
  expect(vms).not.toEqual([]);
  expect([...vms, ...firewalls].filter(({ deleted }) => deleted === null)).toEqual([]);
  const invoice = await rig.ask<{ usd: number }>("invoice");
  const { stdout } = await rig.run("status", "--json");
  const { runs } = JSON.parse(stdout) as { runs: { spent_usd: number; cap_usd: number }[] };
  expect(invoice.usd).toBeLessThanOrEqual(
    runs.reduce((sum, { spent_usd }) => sum + spent_usd, 0) + 1e-9,
  );
  for (const { spent_usd, cap_usd } of runs) expect(spent_usd).toBeLessThanOrEqual(cap_usd);
}

test("up leaves a VM with a model, its tunnel and its session; a sweep goes by beside it; down takes all of it away", async () => {
  await using rig = await sweepRun(3, "--speed", "120", "--delays", "0.1");
  const { code, stdout } = await up(rig, "--max-cost", "30", "--max-hours", "48", "--json");
  expect(code).toBe(0);
  const told = JSON.parse(stdout) as { run: string; api_base: string; simulated: boolean };
  expect(told.simulated).toBe(true);

  const models = (await (await fetch(`${told.api_base}/models`)).json()) as {
    data: { id: string }[];
  };
  expect(models.data.map(({ id }) => id)).toEqual([SMALL]);
  expect(await listed(rig)).toMatchObject([
    { session: "coder-1", stage: "held", tunnel: true, api_base: told.api_base },
  ]);
  const session = join(rig.env.MAIDER_SWEEP_STATE, "simulated", "sessions", "coder-1");
  const link = join(rig.env.HOME, ".aider-env");
  expect(readlinkSync(link)).toBe(join(session, "aider-env"));
  expect(JSON.parse(readFileSync(join(session, "state.json"), "utf8"))).toMatchObject({
    name: "coder-1",
    type: CARD,
    model_id: SMALL,
    provider: "linode",
  });

  const again = await up(rig, "--max-cost", "30");
  expect(again.code).toBe(2);
  expect(again.stderr).toContain("already exists");
  const status = await rig.run("status", "--json");
  expect(status.stderr).toMatch(
    /warning: up: coder-1 \(g2-gpu-rtx4000a1-s, SIMULATED \$\d+\.\d\d so far\)/,
  );
  expect(JSON.parse(status.stdout)).toMatchObject({
    runs: [{ run: told.run, state: "running", rentals: [{ stage: "held" }] }],
  });

  const plan = rig.plan(
    `version: 1\nbudget: { max_cost: 3 }\npasses: 1\nsuites: [coding]\nentries:\n  - gpu: ${CARD}\n    models: [${SMALL}]\n`,
  );
  expect((await rig.run("run", plan, "--simulate", rig.url, "--quiet")).code).toBe(0);
  expect((await rig.run("recover")).stdout).toContain(`${told.run}: spared`);
  expect(await listed(rig)).toHaveLength(1);

  const measured = await rig.runAtHome("benchmark-collect", "coder-1", "--category", "coding");
  expect(`${measured.code ?? ""} ${measured.stderr}`).toMatch(/^0 /);
  expect(rig.records().map(({ gpu_type, model_id }) => [gpu_type, model_id])).toContainEqual([
    CARD,
    SMALL,
  ]);

  const end = await rig.runAtHome("down");
  expect(end.stdout).toMatch(/coder-1 is down and confirmed deleted: SIMULATED \$\d+\.\d\d in all/);
  expect(end.code).toBe(0);
  expect(existsSync(session)).toBe(false);
  expect(existsSync(link)).toBe(false);
  expect(await listed(rig)).toEqual([]);
  await expectNothingLeft(rig);
  await until(() =>
    fetch(told.api_base).then(
      () => false,
      () => true,
    ),
  );
});

/** The process that forwards the local port of a run's VM. */
function tunnelPid(run: string): number | undefined {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`maider-sweep tunnel ${run}`);
    } catch {
      return false; // It has ended meanwhile.
    }
  });
  return found === undefined ? undefined : Number(found);
}

test("a tunnel whose process has died is named by list, and restarted on its port", async () => {
  await using rig = await sweepRun(3, "--speed", "120", "--delays", "0.1");
  const { stdout } = await up(rig, "--max-cost", "30", "--max-hours", "48", "--json");
  const { api_base: apiBase, run } = JSON.parse(stdout) as { api_base: string; run: string };
  const pid = tunnelPid(run);
  if (pid === undefined) throw new Error("the tunnel has no process");
  process.kill(pid, "SIGKILL");
  await until(() => Promise.resolve(tunnelPid(run) === undefined));
  const list = await rig.run("list");
  expect(list.stdout).toContain("its tunnel is down: maider-sweep tunnel coder-1 restarts it");

  const restarted = await rig.run("tunnel", "--json");
  expect(JSON.parse(restarted.stdout)).toEqual({
    session: "coder-1",
    run,
    api_base: apiBase,
    restarted: true,
  });
  const models = (await (await fetch(`${apiBase}/models`)).json()) as { data: { id: string }[] };
  expect(models.data.map(({ id }) => id)).toEqual([SMALL]);
  expect(await listed(rig)).toMatchObject([{ tunnel: true, api_base: apiBase }]);

  const again = await rig.run("tunnel", "coder-1");
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout).toBe(`coder-1: ${apiBase} (its tunnel was not down)\n`);
  expect((await rig.run("down")).code).toBe(0);
  expect((await rig.run("tunnel", "coder-1")).code).toBe(2);
});

test("a port that another program takes while the VM comes up is not the tunnel's", async () => {
  await using rig = await sweepRun(3, "--speed", "120", "--delays", "0.1");
  const taken = await freePort(undefined);
  const ended = up(rig, "--max-cost", "30", "--max-hours", "48", "--json");
  await until(async () => (await rig.ask<World>("state")).vms.length === 1);
  await using server = createServer().listen(taken, "127.0.0.1");
  // In use by another test is as good.
  await Promise.race([once(server, "listening"), once(server, "error")]);
  const { code, stdout, stderr } = await ended;
  expect(code, stderr).toBe(0);
  const { api_base: apiBase } = JSON.parse(stdout) as { api_base: string };
  expect(new URL(apiBase).port).not.toBe(String(taken));
  expect((await fetch(`${apiBase}/models`)).status).toBe(200);
  expect((await rig.run("down")).code).toBe(0);
});

test("down lets go while a sweep runs", async () => {
  await using rig = await sweepRun(3, "--speed", "60", "--delays", "0.1");
  expect((await up(rig, "--max-cost", "30", "--max-hours", "48")).code).toBe(0);
  const plan = rig.plan(
    `version: 1\nbudget: { max_cost: 3 }\npasses: 3\nentries:\n  - gpu: ${CARD}\n    models: [${SMALL}]\n`,
  );
  const sweep = rig.start("run", plan, "--simulate", rig.url, "--quiet");
  const ended = once(sweep, "close");
  await until(async () => (await rig.ask<World>("state")).vms.length === 2);
  expect((await rig.run("down")).code).toBe(0);
  const { vms } = await rig.ask<World>("state");
  expect(vms.map(({ deleted }) => deleted === null)).toEqual([false, true]);
  sweep.kill("SIGTERM");
  await ended;
  await expectNothingLeft(rig);
});

test("a VM that nobody lets go is destroyed by its guard before its last paid hour", async () => {
  await using rig = await sweepRun(3, "--speed", "240", "--delays", "0.1");
  expect((await up(rig, "--max-cost", "30", "--max-hours", "1")).code).toBe(0);
  await until(async () => (await listed(rig)).length === 0);
  await expectNothingLeft(rig);
  const { stdout } = await rig.run("status", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ runs: [{ state: "finished", spent_usd: 0.52 }] });
});

test.each([
  ["a model that does not come up", [{ vm: { type: CARD }, action: "out-of-memory" }], 5],
  ["no stock anywhere", [{ type: CARD, action: "no-stock" }], 5],
])("%s leaves nothing", async (_name, faults, code) => {
  await using rig = await sweepRun(3, "--speed", "120", "--delays", "0.1");
  await rig.faults(faults);
  const end = await up(rig, "--max-cost", "5");
  expect(end.code).toBe(code);
  expect(await listed(rig)).toEqual([]);
  const { vms } = await rig.ask<World>("state");
  expect(vms.filter(({ deleted }) => deleted === null)).toEqual([]);
});

test("killed while the VM comes up, its guard destroys it", async () => {
  await using rig = await sweepRun(3, "--speed", "60", "--delays", "0.1");
  const program = rig.start(
    "up",
    "--gpu",
    CARD,
    "--model",
    SMALL,
    "--max-cost",
    "5",
    "--simulate",
    rig.url,
  );
  await until(async () => (await rig.ask<World>("state")).vms.length === 1);
  program.kill("SIGKILL");
  await until(async () =>
    (await rig.ask<World>("state")).vms.every(({ deleted }) => deleted !== null),
  );
  await until(async () => (await listed(rig)).length === 0);
  await expectNothingLeft(rig);
});

test("a cap that is too low is refused before anything is created, with a sufficient amount", async () => {
  await using rig = await sweepRun(3);
  const { code, stderr } = await up(rig, "--max-cost", "0.60");
  expect(code).toBe(3);
  expect(stderr).toContain("--max-cost 1.04 is enough");
  expect((await rig.ask<World>("state")).vms).toEqual([]);
});
