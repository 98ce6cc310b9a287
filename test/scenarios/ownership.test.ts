import { once } from "node:events";
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const PLAN = `version: 1
name: owners
budget: { max_cost: 9, max_hours_per_rental: 4 }
concurrency: 1
passes: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

/** The race for the lock itself is in test/lock, with many more. */
const TURNS = 6;

interface Request {
  readonly method: string;
  readonly path: string;
}

async function isAnythingLeft(rig: SweepRun): Promise<boolean> {
  const { vms, firewalls } = await rig.ask<{
    vms: { deleted: string | null }[];
    firewalls: { deleted: string | null }[];
  }>("state");
  return [...vms, ...firewalls].some(({ deleted }) => deleted === null);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(50);
}

test("of two sweeps started at the same moment one runs; the other exits 7 and names it, each time", async () => {
  await using rig = await sweepRun(4, "--speed", "600", "--delays", "0.1");
  const file = rig.plan(PLAN);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const ends = await Promise.all(
      [1, 2].map(async () => {
        const child = rig.start("run", file, "--simulate", rig.url, "--quiet");
        let stderr = "";
        child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
        const [code] = (await once(child, "close")) as [number];
        return { code, stderr, pid: child.pid };
      }),
    );
    expect(ends.map(({ code }) => code).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([0, 7]);
    const winner = ends.find(({ code }) => code === 0);
    const loser = ends.find(({ code }) => code === 7);
    expect(loser?.stderr).toContain("another sweep holds the state folder");
    expect(loser?.stderr).toContain(`process ${String(winner?.pid)} `);
  }
  expect(rig.records()).toHaveLength(TURNS);
  expect(await isAnythingLeft(rig)).toBe(false);
});

test("an owner that was stopped, and wakes when its guard has taken over, says so and changes nothing any more", async () => {
  await using rig = await sweepRun(4, "--speed", "180", "--delays", "0.3");
  const owner = rig.start("run", rig.plan(PLAN), "--simulate", rig.url, "--quiet");
  let stderr = "";
  owner.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const ended = once(owner as ChildProcess, "close") as Promise<[number | null]>;
  const requests = async (): Promise<readonly Request[]> =>
    (await rig.ask<{ requests: readonly Request[] }>("requests")).requests;
  await until(async () =>
    (await rig.ask<{ vms: { status: string }[] }>("state")).vms.some(
      ({ status }) => status === "running",
    ),
  );
  owner.kill("SIGSTOP");
  await until(async () => !(await isAnythingLeft(rig)));
  await until(async () => (await rig.run("status", "--json")).stdout.includes('"crashed"'));
  const before = await requests();
  owner.kill("SIGCONT");
  const [code] = await ended;
  const after = (await requests()).slice(before.length);
  expect(after.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(code).toBe(7);
  expect(stderr).toContain("its guard has taken over");
  expect(stderr).toContain("suspended");
});
