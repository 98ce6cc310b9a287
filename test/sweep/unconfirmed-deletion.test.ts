import { expect, test } from "vitest";
import type { SweepEvent } from "../../src/journal/events.ts";
import { breaches } from "./schedule/breaches.ts";
import { runSchedule } from "./schedule/run-schedule.ts";
import type { Schedule } from "./schedule/schedule.ts";

const MINUTE = 60_000;
/** The first rental is destroyed after 21 minutes; `--destroy-patience` is 10 minutes. */
const ONE_AFTER_THE_OTHER: Schedule = {
  seed: 1,
  entries: 2,
  concurrency: 1,
  passes: 2,
  clockAheadMinutes: 0,
  capShare: 1,
  death: undefined,
  happenings: [],
  // It takes over as soon as the sweep has ended and left something open.
  successors: [{ by: "recover", afterMinutes: 0, death: undefined }],
  faults: [],
  machineFaults: [],
};

const deletesFail = (atMinutes: number, untilMinutes: number): Schedule["happenings"] => [
  { what: "deletes fail", atMinutes, minutes: untilMinutes - atMinutes },
];
/** Of the sweep itself, without those of its successors. */
const bySweep = (events: readonly SweepEvent[]): readonly SweepEvent[] =>
  events.filter(({ gen }) => gen === 1);
const times = (events: readonly SweepEvent[], type: SweepEvent["type"]): readonly number[] =>
  events
    .filter((event) => event.type === type)
    .map(({ ts }) => (Date.parse(ts) - Date.parse(events[0]?.ts ?? "")) / MINUTE);

test("a sweep goes on destroying an unconfirmed VM beside a healthy one, and rents nothing new until the proof", async () => {
  const outcome = await runSchedule({
    ...ONE_AFTER_THE_OTHER,
    entries: 3,
    concurrency: 2,
    passes: 4,
    // The first rental fails after 10 minutes (the world's first two VMs are somebody else's), the second lasts for 29.
    machineFaults: [{ vm: { nth: 3 }, action: "out-of-memory" }],
    happenings: deletesFail(5, 23),
  });
  expect(breaches(outcome)).toEqual([]);
  const events = bySweep(outcome.events);
  const [destroy = Infinity, second = 0] = times(events, "destroy.intended");
  const [gone = Infinity] = times(events, "rental.gone");
  const third = times(events, "rental.reserved")[2];
  expect(destroy).toBeLessThan(12);
  expect(gone).toBeGreaterThan(23);
  expect(gone).toBeLessThan(26);
  expect(second).toBeGreaterThan(gone);
  expect(third).toBeGreaterThanOrEqual(gone);
  expect(times(events, "pass.finished")).toHaveLength(8);
});

test("a sweep with nothing else to do ends once the destroy patience is over, and starts nothing more", async () => {
  const outcome = await runSchedule({
    ...ONE_AFTER_THE_OTHER,
    happenings: deletesFail(15, 100),
  });
  expect(breaches(outcome)).toEqual([]);
  const events = bySweep(outcome.events);
  const [destroy = 0] = times(events, "destroy.intended");
  expect(times(events, "rental.reserved")).toHaveLength(1);
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "entry.not_started",
      reason: expect.stringMatching(
        /^mds-\S+ is not confirmed deleted; nothing new is created/,
      ) as string,
    }),
  );
  expect(times(outcome.events, "run.adopted")[0]).toBeCloseTo(destroy + 10, 1);
});

test("a proof that comes within the patience lets admission go on", async () => {
  const outcome = await runSchedule({
    ...ONE_AFTER_THE_OTHER,
    happenings: deletesFail(15, 28),
  });
  expect(breaches(outcome)).toEqual([]);
  expect(times(bySweep(outcome.events), "pass.finished")).toHaveLength(4);
  expect(times(bySweep(outcome.events), "run.closed")).toHaveLength(1);
});

test("the firewall of a VM that is not confirmed deleted is left in place", async () => {
  const { world, events } = await runSchedule({
    ...ONE_AFTER_THE_OTHER,
    entries: 1,
    happenings: deletesFail(15, 100),
  });
  const [vm] = world.vms.all().filter(({ label }) => label.startsWith("mds-abcd1234-001"));
  expect(times(events, "run.adopted")).not.toEqual([]);
  expect(world.firewalls.all()[0]?.deletedMs).toBeGreaterThan(vm?.deletedMs ?? Infinity);
});

test("a VM and the firewall share one destroy patience", async () => {
  const outcome = await runSchedule({
    ...ONE_AFTER_THE_OTHER,
    entries: 1,
    happenings: deletesFail(15, 28),
    faults: [
      { match: { method: "DELETE", path: "firewalls" }, count: 40, action: "status", status: 503 },
    ],
  });
  const [destroy = 0] = times(outcome.events, "destroy.intended");
  expect(times(bySweep(outcome.events), "rental.gone")[0]).toBeGreaterThan(destroy + 6);
  expect(times(outcome.events, "run.adopted")[0]).toBeCloseTo(destroy + 10, 1);
});
