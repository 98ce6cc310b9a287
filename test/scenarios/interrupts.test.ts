import { describe, expect, test } from "vitest";
import type { EventType } from "../../src/journal/events.ts";
import { sweepRun, type SweepRun, type Word } from "../simulated/sweep-run.ts";
import { expectStopped, journalOf, leftIn, statusOf, watchSweep } from "./watched-sweep.ts";

const PLAN = `version: 1
name: interrupts
budget: { max_cost: 9, max_hours_per_rental: 2 }
concurrency: 1
suites: [coding]
passes: 2
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-m]
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

const world = (): Promise<SweepRun> => sweepRun(5, "--speed", "90", "--delays", "0.1");
const start = (rig: SweepRun, ...more: readonly Word[]) =>
  watchSweep(rig, "run", rig.plan(PLAN), "--simulate", rig.url, "--json", ...more);
const slow = (path: string, seconds: number): object => ({
  match: { method: "POST", path },
  action: "delay",
  seconds,
});
const failing = (path: string): object => ({
  match: { method: "DELETE", path },
  count: -1,
  action: "status",
  status: 500,
});
const NO_DELETE = failing("^/linode/instances/");

async function guardHasFinished(rig: SweepRun): Promise<void> {
  const state = async (): Promise<string | undefined> => (await statusOf(rig))[0]?.state;
  await expect.poll(state, { timeout: 60_000, interval: 300 }).toBe("interrupted");
}

interface Stage {
  readonly signal: NodeJS.Signals;
  readonly at: EventType;
  /** Of its kind. */
  readonly nth?: number;
  readonly faults?: readonly object[];
  /** VMs that ever were, and passes that were finished. */
  readonly vms: number;
  readonly passes: number;
}

const STAGES: Readonly<Record<string, Stage>> = {
  "before the first create": {
    signal: "SIGINT",
    at: "firewall.intended",
    faults: [slow("^/networking/firewalls$", 60)],
    vms: 0,
    passes: 0,
  },
  "while a create is in flight": {
    signal: "SIGTERM",
    at: "create.sent",
    faults: [slow("^/linode/instances$", 90)],
    vms: 1,
    passes: 0,
  },
  "while the VM boots": { signal: "SIGHUP", at: "create.acknowledged", vms: 1, passes: 0 },
  "while it is set up": { signal: "SIGINT", at: "setup.progressed", vms: 1, passes: 0 },
  "while the model loads": { signal: "SIGTERM", at: "server.starting", vms: 1, passes: 0 },
  "in the middle of a pass": { signal: "SIGINT", at: "test.finished", nth: 6, vms: 1, passes: 1 },
  "while a VM is being destroyed": { signal: "SIGHUP", at: "destroy.sent", vms: 1, passes: 2 },
};

describe("one signal ends a sweep: nothing new, everything destroyed, what was measured is kept", () => {
  test.each(Object.entries(STAGES))("%s", async (_name, stage) => {
    await using rig = await world();
    await rig.faults(stage.faults ?? []);
    const sweep = start(rig);
    await sweep.until(stage.at, stage.nth);
    sweep.kill(stage.signal);
    const { code } = await sweep.ended;
    expect(code).toBe(130);
    const { vms } = await rig.ask<{ vms: unknown[] }>("state");
    expect(vms).toHaveLength(stage.vms);
    expect(rig.records()).toHaveLength(stage.passes);
    expect(sweep.events).toContainEqual(
      expect.objectContaining({ type: "run.stopping", reason: `stopped by ${stage.signal}` }),
    );
    await expectStopped(rig, sweep.events);
  });
});

test("every VM's DELETE is sent within a second of the signal", async () => {
  await using rig = await world();
  const sweep = start(rig, "--concurrency", "2");
  await sweep.until("pass.started", 2);
  sweep.kill("SIGINT");
  const stopping = await sweep.until("run.stopping");
  expect((await sweep.ended).code).toBe(130);
  const { requests } = await rig.ask<{ requests: { at: string; method: string; path: string }[] }>(
    "requests",
  );
  const { speed } = await rig.ask<{ speed: number }>("clock");
  const first = new Map<string, number>();
  for (const { at, method, path } of requests) {
    if (method !== "DELETE" || !path.includes("/linode/instances/")) continue;
    const seconds = (Date.parse(at) - Date.parse(stopping.ts)) / 1_000 / speed;
    if (!first.has(path)) first.set(path, seconds);
  }
  expect(first.size).toBe(2);
  for (const seconds of first.values()) expect(seconds).toBeLessThan(1);
  await expectStopped(rig, sweep.events);
});

describe("`stop` from another shell", () => {
  test.each([
    ["the only run", [], (run: string) => `${run} interrupted: $0.52 spent\n`],
    [
      "a run by its name",
      ["NAME", "--json"],
      (run: string) =>
        `${JSON.stringify({ run, state: "interrupted", spent_usd: 0.52 }, undefined, 2)}\n`,
    ],
  ])("ends %s, and waits for the proof", async (_name, words, says) => {
    await using rig = await world();
    const sweep = start(rig);
    const { run } = await sweep.until("test.finished", 6);
    const stopped = await rig.run("stop", ...words.map((word) => (word === "NAME" ? run : word)));
    expect(stopped.stdout).toBe(says(run));
    expect(stopped.code).toBe(0);
    expect((await sweep.ended).code).toBe(130);
    await expectStopped(rig, sweep.events);
  });

  test("says with exit 2 that nothing runs", async () => {
    await using rig = await world();
    const { code, stderr } = await rig.run("stop");
    expect(stderr).toContain("no sweep is running");
    expect(code).toBe(2);
  });

  test("ends its own waiting with Ctrl-C, while the sweep goes on destroying", async () => {
    await using rig = await world();
    await rig.faults([NO_DELETE]);
    const sweep = start(rig);
    await sweep.until("boot.running");
    const stop = watchSweep(rig, "stop");
    await sweep.until("destroy.sent");
    await stop.untilSaid("waiting until its VMs");
    stop.kill("SIGINT");
    const { code, stderr } = await stop.ended;
    expect(stderr).not.toContain("bug");
    expect(code).toBe(130);
    expect(await statusOf(rig)).toMatchObject([{ state: "stopping", pid: sweep.pid }]);
    await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
    expect((await sweep.ended).code).toBe(130);
    await expectStopped(rig, sweep.events);
  });
});

describe("a signal that is repeated", () => {
  test("the second time names what is not yet confirmed deleted, and the destroying goes on", async () => {
    await using rig = await world();
    await rig.faults([NO_DELETE]);
    const sweep = start(rig);
    await sweep.until("boot.running");
    sweep.kill("SIGINT");
    const { label } = await sweep.until("destroy.sent");
    sweep.kill("SIGINT");
    await sweep.untilSaid(label);
    await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
    const { code, stderr } = await sweep.ended;
    expect(stderr).toMatch(/the guard, process \d+, destroys them/);
    expect(code).toBe(130);
    expect((await leftIn(rig)).vms).toBe(0);
    await guardHasFinished(rig);
    await expectStopped(rig, journalOf(rig));
  });

  test("the second time skips the rest of the clean-up, which the guard does", async () => {
    await using rig = await world();
    await rig.faults([failing("^/networking/firewalls/")]);
    const sweep = start(rig);
    await sweep.until("test.finished", 6);
    sweep.kill("SIGINT");
    await sweep.until("rental.settled");
    sweep.kill("SIGINT");
    const { code, stderr } = await sweep.ended;
    expect(stderr).toMatch(/the guard, process \d+, destroys them:\n {2}mds-\S+ {2}\(the firewall/);
    expect(code).toBe(130);
    expect(await leftIn(rig)).toEqual({ vms: 0, firewalls: 1 });
    await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
    await guardHasFinished(rig);
    await expectStopped(rig, journalOf(rig));
  });

  test("the third time hands over to the guard, by name, which finishes", async () => {
    await using rig = await world();
    await rig.faults([NO_DELETE]);
    const sweep = start(rig);
    const { pid: guard } = await sweep.until("guard.acknowledged");
    await sweep.until("boot.running");
    sweep.kill("SIGTERM");
    const { label } = await sweep.until("destroy.sent");
    sweep.kill("SIGINT");
    await sweep.untilSaid(label);
    sweep.kill("SIGINT");
    const { code, stderr } = await sweep.ended;
    expect(stderr.split(`the guard, process ${String(guard)}, destroys them`)).toHaveLength(3);
    expect(code).toBe(6);
    expect((await leftIn(rig)).vms).toBe(1);
    await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
    await guardHasFinished(rig);
    await expectStopped(rig, journalOf(rig));
  });
});

test("recover, too, goes on after one signal, names what is left at the second and leaves at the third", async () => {
  await using rig = await world();
  const died = start(rig, { MAIDER_SWEEP_CRASH: "boot.running:after+guard" });
  expect((await died.ended).signal).toBe("SIGKILL");
  await rig.faults([NO_DELETE]);
  const recover = watchSweep(rig, "recover", "--simulate", rig.url);
  await expect
    .poll(() => journalOf(rig).some(({ type }) => type === "destroy.sent"), { timeout: 60_000 })
    .toBe(true);
  recover.kill("SIGINT");
  await recover.untilSaid("still destroying");
  recover.kill("SIGINT");
  await recover.untilSaid("maider-sweep recover destroys them");
  recover.kill("SIGINT");
  expect((await recover.ended).code).toBe(6);
  expect((await leftIn(rig)).vms).toBe(1);
  await fetch(`${rig.url}/simulator/faults`, { method: "DELETE" });
  expect((await rig.run("recover", "--simulate", rig.url)).code).toBe(0);
  await expectStopped(rig, journalOf(rig), "crashed");
});

test("an error that nobody caught destroys everything, like a signal, and is shown as a bug", async () => {
  await using rig = await world();
  const planted = `process.on("SIGUSR2", () => setImmediate(() => { throw new Error("planted"); }));`;
  const sweep = start(rig, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(planted)}`,
  });
  await sweep.until("test.finished", 6);
  sweep.kill("SIGUSR2");
  const { code, stderr } = await sweep.ended;
  expect(stderr).toMatch(/this is a bug in maider-sweep[^]*planted/);
  expect(code).toBe(1);
  await expectStopped(rig, sweep.events, "crashed");
});
