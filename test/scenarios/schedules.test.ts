import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { breaches } from "../sweep/schedule/breaches.ts";
import { ONCE_BROKEN } from "../sweep/schedule/once-broken.ts";
import { runSchedule } from "../sweep/schedule/run-schedule.ts";
import { schedules, type Schedule } from "../sweep/schedule/schedule.ts";
import { shardProcess } from "../sweep/schedule/shard-process.ts";
import { runShard } from "../sweep/schedule/shard.ts";
import { MET } from "../sweep/schedule/witness.ts";

/** A commit is held against the same schedules each time; `npm run test:deep` draws new ones. */
const SEED = 20_261_124;

const QUIET: Schedule = {
  seed: 1,
  entries: 2,
  concurrency: 2,
  passes: 2,
  clockAheadMinutes: 0,
  capShare: 1,
  death: undefined,
  happenings: [],
  successors: [],
  faults: [],
  machineFaults: [],
};

const SHARDS = [0, 1, 2].map((shard) => SEED + shard);
const met = new Set<string>();

it.each(SHARDS)(
  "whatever dies, sleeps, is lost, refused, full or revoked: nothing is left and no cap is passed (seed %i)",
  async (seed) => {
    const shard = await runShard(seed, 1_000);
    expect(shard.broken).toEqual([]);
    expect(shard.done).toBe(1_000);
    for (const [kind, times] of Object.entries(shard.met)) if (times > 0) met.add(kind);
  },
);

it("in these schedules every kind of event took effect", () => {
  expect([...met].toSorted()).toEqual([...MET].toSorted());
});

it.each(ONCE_BROKEN)("%s: the ledger is above the invoice", async (_, schedule) => {
  expect(breaches(await runSchedule(schedule))).toEqual([]);
});

it("the same schedule gives the same journal, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      const [first, second] = [await runSchedule(schedule), await runSchedule(schedule)];
      expect(JSON.stringify(second.events)).toBe(JSON.stringify(first.events));
    }),
    { numRuns: 250, seed: SEED },
  );
});

it("the same seed gives the same journals in another process", async () => {
  const [here, there] = [await runShard(SEED, 150), await shardProcess(SEED, 150)];
  expect(there.journals).toBe(here.journals);
});

it("what a schedule has built up is gone from memory once it is over", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const worlds: WeakRef<object>[] = [];
  for (const schedule of fc.sample(schedules, { numRuns: 60, seed: SEED })) {
    const { world } = await runSchedule(schedule);
    worlds.push(new WeakRef(world));
  }
  await setImmediate();
  collectGarbage();
  // The compiler may hold on to what it has seen last.
  expect(worlds.filter((world) => world.deref() !== undefined).length).toBeLessThan(3);
});

it("without anything in its way the whole plan is measured, and the bill is the ledger", async () => {
  const outcome = await runSchedule(QUIET);
  expect(breaches(outcome)).toEqual([]);
  const passes = outcome.events.filter(({ type }) => type === "pass.finished");
  expect(passes).toHaveLength(4);
  expect(outcome.ledgerMicroUsd).toBe(outcome.invoiceMicroUsd);
});

it("a VM that nobody destroys, and a bill above the ledger, are seen", async () => {
  const outcome = await runSchedule(QUIET);
  const { world } = outcome;
  const order = {
    type: "g2-gpu-rtx4000a1-s",
    region: "us-ord",
    image: "linode/ubuntu24.04",
    label: "left-behind",
    root_pass: "Correct-horse-7-battery",
    interface_generation: "legacy_config",
  };
  world.vms.create("simulated", order);
  expect(breaches({ ...outcome, invoiceMicroUsd: outcome.ledgerMicroUsd + 1 })).toEqual([
    "living: left-behind",
    expect.stringContaining("invoice") as string,
  ]);
});
