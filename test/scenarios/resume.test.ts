import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readJournal } from "../../src/journal/journal-file.ts";
import { runStatus } from "../../src/run-state/status.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const PLAN = `version: 1
name: resume
budget: { max_cost: 6, max_hours_per_rental: 3 }
concurrency: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ, Qwen/Qwen2.5-Coder-14B-Instruct-AWQ]
`;
/** Of two models, each with the two passes that `--passes` asks for. */
const WANTED = 4;

interface World {
  readonly now: string;
  readonly vms: readonly { readonly deleted: string | null; readonly hours: number }[];
  readonly firewalls: readonly { readonly deleted: string | null }[];
}

/** Kills a run at a fact, resumes it, and tells what is true in the end. */
async function killedAndResumed(crash: string, flags: readonly string[], untilClosed: boolean) {
  await using sweep = await sweepRun(1, "--speed", "120", "--delays", "0.1");
  const argv = ["run", sweep.plan(PLAN), "--simulate", sweep.url, "--quiet", "--passes", "2"];
  const first = await sweep.run(...argv, ...flags, { MAIDER_SWEEP_CRASH: crash });
  const folder = folderOf(sweep);
  const run = folder.slice(-8);
  if (untilClosed) await closed(folder);
  const before = passes(folder);
  const resumed = await sweep.run("run", "--resume", run, "--quiet", ...flags);
  const events = readJournal(folder).events;
  const world = await sweep.ask<World>("state");
  const { usd: invoice } = await sweep.ask<{ usd: number }>("invoice");
  const files = readdirSync(folder);
  return {
    killed: first.code === null,
    code: resumed.code,
    said: resumed.stderr,
    before,
    after: passes(folder),
    reused: events.filter(({ type }) => type === "rental.reused").length,
    vms: world.vms.length,
    left: [...world.vms, ...world.firewalls].filter(({ deleted }) => deleted === null).length,
    hours: world.vms.map(({ hours }) => hours),
    invoice,
    ledger: runStatus(folder, Date.parse(world.now)).spent_usd,
    stored: sweep.records().map(({ id }) => id),
    keys: files.filter((name) => name.startsWith("client-key")),
    state: runStatus(folder, Date.parse(world.now)).state,
  };
}

function folderOf(sweep: SweepRun): string {
  const runs = join(sweep.stateDir, "simulated", "runs");
  return join(runs, readdirSync(runs)[0] ?? "");
}

function passes(folder: string): readonly string[] {
  return readJournal(folder).events.flatMap((event) =>
    event.type === "pass.finished" ? [event.record.id] : [],
  );
}

async function closed(folder: string): Promise<void> {
  await expect
    .poll(() => readFileSync(join(folder, "journal.jsonl"), "utf8"), {
      timeout: 60_000,
      interval: 200,
    })
    .toContain("run.closed");
}

type End = Awaited<ReturnType<typeof killedAndResumed>>;

function holds(end: End): void {
  expect(end).toMatchObject({ killed: true, code: 0, left: 0, state: "finished", keys: [] });
  // What was recorded before stands, and is not run again.
  expect(end.after.slice(0, end.before.length)).toEqual(end.before);
  expect(end.after).toHaveLength(WANTED);
  expect(new Set(end.stored)).toEqual(new Set(end.after));
  expect(end.stored).toHaveLength(WANTED);
  expect(end.invoice).toBeLessThanOrEqual(end.ledger);
  expect(end.ledger).toBeLessThanOrEqual(6);
}

const STAGES = [
  "create.acknowledged:before",
  "create.acknowledged:after",
  "boot.running:after",
  "setup.progressed:after",
  "server.progressed:after",
  "pass.finished:after",
  "test.finished:after:3",
  "server.stopped:before",
  "pass.started:after:3",
] as const;

describe("a resume goes on where the run was cut off", () => {
  test.each(STAGES)("under --hold on the VM that is paid for: killed at %s", async (stage) => {
    const end = await killedAndResumed(stage, ["--hold", "50"], false);
    holds(end);
    expect(end).toMatchObject({ vms: 1, reused: 1 });
  });

  test("of a create that never went out there is no VM: one is rented", async () => {
    const end = await killedAndResumed("create.sent:after", ["--hold", "50"], false);
    holds(end);
    expect(end).toMatchObject({ vms: 1, reused: 0 });
  });

  test.each(["create.acknowledged:before", "pass.started:after:2"])(
    "when the guard died too, on the VM that still lives: killed at %s",
    async (stage) => {
      const end = await killedAndResumed(`${stage}+guard`, [], false);
      holds(end);
      expect(end).toMatchObject({ vms: 1, reused: 1 });
    },
  );

  test("without --hold on a new VM, whose bill is that of a fresh rental of the rest", async () => {
    const end = await killedAndResumed("pass.finished:after:3", [], true);
    holds(end);
    expect(end).toMatchObject({ vms: 2, reused: 0 });
    expect(end.hours[1]).toBe(1);
  });

  test("with nothing left to do it rents nothing", async () => {
    const end = await killedAndResumed("rental.gone:after", [], true);
    expect(end).toMatchObject({ code: 0, vms: 1, left: 0 });
    expect(end.said).toMatch(/nothing is left to do/);
  });
});
