import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  recordedRuns,
  restoreRun,
  type RecordedEvent,
  type RecordedRun,
  type Recording,
} from "../compatibility/restore-run.ts";
import { restoreLiveRun, secondsSince } from "../compatibility/restore-live-run.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const MODELS = ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ"];

const newWorld = (): Promise<SweepRun> => sweepRun(1, "--speed", "60", "--delays", "0.1");

describe("run --resume completes a run of version 0.1", () => {
  test("that was killed in the middle of a pass, on its own VM and server", async () => {
    await using rig = await newWorld();
    const { run, folder, label } = await restoreLiveRun(rig, "killed-in-mid-pass", {
      server: true,
    });
    const resumed = await rig.run("run", "--resume", run, "--quiet");
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    const events = eventsIn(folder);
    expect(passesOf(events)).toEqual(MODELS.map((model) => ({ model, passes: [1, 2] })));
    expect(measured(events)).toEqual(MODELS);
    // What was recorded before the crash is the first of them.
    const [before] = recordsOf(recordedRuns("killed-in-mid-pass")[0]?.events ?? []);
    expect(recordsOf(events)[0]).toBe(before);
    expect(ids(rig)).toEqual(recordsOf(events).toSorted());
    expect(events.find(({ type }) => type === "rental.reused")).toMatchObject({ label });
    expect(events.filter(({ type }) => type === "server.failed")).toEqual([]);
    await expectSettled(rig, run, "finished", [label]);
  });

  test("that was killed before its create was sent, on a VM that it rents", async () => {
    await using rig = await newWorld();
    const { run, folder, label } = await restoreLiveRun(rig, "killed-after-create-intended");
    const resumed = await rig.run("run", "--resume", run, "--quiet");
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    const events = eventsIn(folder);
    expect(passesOf(events)).toEqual(MODELS.map((model) => ({ model, passes: [1, 2] })));
    expect(ids(rig)).toEqual(recordsOf(events).toSorted());
    const [vm] = await vmsOf(rig);
    expect(vm?.label).not.toBe(label);
    await expectSettled(rig, run, "finished", [vm?.label ?? ""]);
  });

  test("that had measured everything: its VM is destroyed and nothing is measured again", async () => {
    await using rig = await newWorld();
    const { run, folder, label } = await restoreLiveRun(rig, "killed-before-destroy");
    const resumed = await rig.run("run", "--resume", run, "--quiet");
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    expect(recordsOf(eventsIn(folder))).toEqual(
      recordsOf(recordedRuns("killed-before-destroy")[0]?.events ?? []),
    );
    await expectSettled(rig, run, "finished", [label]);
  });

  test("that was interrupted, and adds its passes to the database of version 0.1", async () => {
    await using rig = await newWorld();
    const { run, events: recorded } = recordedRun("ended", "interrupted");
    const { world } = await rig.ask<{ world: string }>("world");
    restoreRun("ended", rig.env.HOME, {
      world: { url: rig.url, world },
      shiftSeconds: await secondsSince(rig, recorded),
    });
    const before = ids(rig);
    const resumed = await rig.run("run", "--resume", run, "--quiet");
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    const events = eventsIn(join(rig.stateDir, "simulated", "runs", run));
    expect(passesOf(events)).toEqual([{ model: MODELS[0], passes: [1, 2, 3] }]);
    const [first, ...added] = recordsOf(events);
    expect(recordsOf(recorded)).toEqual([first]);
    expect(added).toHaveLength(2);
    expect(ids(rig)).toEqual([...before, ...added].toSorted());
    await expectSettled(rig, run, "finished", labelsOf(await vmsOf(rig)));
  });
});

describe("what a run of version 0.1 has left is destroyed and settled", () => {
  test("by recover, which publishes the pass that was only recorded", async () => {
    await using rig = await newWorld();
    const { run, folder, label } = await restoreLiveRun(rig, "killed-in-mid-pass");
    const recovered = await rig.run("recover", "--json");
    expect(recovered, recovered.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(recovered.stdout)).toMatchObject({ runs: [{ run, outcome: "closed" }] });
    expect(ids(rig)).toEqual(recordsOf(eventsIn(folder)));
    expect(ids(rig)).toHaveLength(1);
    await expectSettled(rig, run, "crashed", [label]);
  });

  test("by recover, at no cost where no create was sent", async () => {
    await using rig = await newWorld();
    const { run } = await restoreLiveRun(rig, "killed-after-create-intended");
    expect(await rig.run("recover")).toMatchObject({ code: 0 });
    await expectSettled(rig, run, "crashed", []);
    expect(await statusOf(rig, run)).toMatchObject({ spent_usd: 0 });
  });

  test("by --resume of a damaged journal, which finds the VM by its label and measures nothing", async () => {
    await using rig = await newWorld();
    const { run, folder, label } = await restoreLiveRun(rig, "damaged-line");
    const resumed = await rig.run("run", "--resume", run, "--quiet");
    expect(resumed, resumed.stderr).toMatchObject({ code: 5 });
    expect(recordsOf(eventsIn(folder))).toHaveLength(1);
    expect(labelsOf(await vmsOf(rig))).toEqual([label]);
    expect(await livingIn(rig)).toEqual([]);
    const { reserved_usd: reserved } = await statusOf(rig, run);
    expect(reserved).toBe(0);
  });
});

test("a VM that version 0.1 left up is listed, measured, spared by recover, and ended by down", async () => {
  await using rig = await newWorld();
  const { run, label } = await restoreLiveRun(rig, "up", { server: true });
  const listed = await rig.run("list", "--json");
  expect(JSON.parse(listed.stdout)).toMatchObject({
    vms: [{ session: "coder", run, label, stage: "held", reserved_usd: 2.08, spent_usd: 0.52 }],
  });
  const collected = await rig.runAtHome("benchmark-collect", "coder", "-c", "coding");
  expect(collected, collected.stderr).toMatchObject({ code: 0 });
  expect(rig.records()).toMatchObject([{ summary: { vm: label, simulated: true } }]);
  expect(await rig.run("recover")).toMatchObject({ code: 0 });
  expect(await livingIn(rig)).toContain(label);
  const down = await rig.runAtHome("down", "coder");
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(existsSync(join(rig.stateDir, "simulated", "sessions", "coder"))).toBe(false);
  await expectSettled(rig, run, "finished", [label]);
});

interface Status {
  readonly run: string;
  readonly state: string;
  readonly cap_usd: number;
  readonly spent_usd: number;
  readonly reserved_usd: number;
}

interface Vm {
  readonly label: string;
  readonly deleted: string | null;
}

/** Nothing of the run is left, these VMs were all that it had, and the bill is within its ledger and that within its cap. */
async function expectSettled(
  rig: SweepRun,
  run: string,
  state: string,
  labels: readonly string[],
): Promise<void> {
  expect(await livingIn(rig)).toEqual([]);
  expect(labelsOf(await vmsOf(rig))).toEqual(labels);
  const status = await statusOf(rig, run);
  expect(status).toMatchObject({ state, pid: null, guard_pid: null, reserved_usd: 0 });
  const { usd } = await rig.ask<{ usd: number }>("invoice");
  expect(status.spent_usd).toBeGreaterThanOrEqual(usd);
  expect(status.spent_usd).toBeLessThanOrEqual(status.cap_usd);
}

async function statusOf(rig: SweepRun, run: string): Promise<Status> {
  const { stdout } = await rig.run("status", run, "--json");
  const [status] = (JSON.parse(stdout) as { runs: Status[] }).runs;
  if (status === undefined) throw new Error(`status shows no run ${run}`);
  return status;
}

async function vmsOf(rig: SweepRun): Promise<readonly Vm[]> {
  return (await rig.ask<{ vms: Vm[] }>("state")).vms;
}

/** Labels of VMs and firewalls. */
async function livingIn(rig: SweepRun): Promise<readonly string[]> {
  const { vms, firewalls } = await rig.ask<{ vms: Vm[]; firewalls: Vm[] }>("state");
  return labelsOf([...vms, ...firewalls].filter(({ deleted }) => deleted === null));
}

function labelsOf(things: readonly Vm[]): readonly string[] {
  return things.map(({ label }) => label);
}

function recordedRun(recording: Recording, plan: string): RecordedRun {
  const found = recordedRuns(recording).find(({ events }) => events[0]?.["plan"] === plan);
  if (found === undefined) throw new Error(`${recording} has no run of ${plan}`);
  return found;
}

/** The events of a journal that is whole, or those lines of it that are. */
function eventsIn(folder: string): readonly RecordedEvent[] {
  return readFileSync(join(folder, "journal.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as RecordedEvent);
}

/** The ids of its records, in the order in which they were measured. */
function recordsOf(events: readonly RecordedEvent[]): readonly string[] {
  return events.flatMap(({ type, record }) =>
    type === "pass.finished" ? [(record as { id: string }).id] : [],
  );
}

/** The numbers of the recorded passes of each model. */
function passesOf(events: readonly RecordedEvent[]): unknown[] {
  const finished = events.filter(({ type }) => type === "pass.finished");
  return [...new Set(finished.map(({ model }) => model as string))].toSorted().map((model) => ({
    model,
    passes: finished.filter((event) => event["model"] === model).map((event) => event["pass"]),
  }));
}

/** Models whose configuration ended with every pass. */
function measured(events: readonly RecordedEvent[]): readonly unknown[] {
  return events
    .filter((event) => event.type === "configuration.finished" && event["state"] === "measured")
    .map((event) => event["model"] as string)
    .toSorted();
}

/** Of the simulated database. */
function ids(rig: SweepRun): readonly string[] {
  return rig
    .records()
    .map(({ id }) => id)
    .toSorted();
}
