import { describe, expect, it } from "vitest";
import { parseLabel } from "../../src/journal/label.ts";
import { HOUR, START } from "../journal/journal-rig.ts";
import { breaches } from "./schedule/breaches.ts";
import { runSchedule } from "./schedule/run-schedule.ts";
import type { Happening, Schedule } from "./schedule/schedule.ts";

const MINUTE = 60_000;
const SWEEP: Schedule = {
  seed: 1,
  entries: 1,
  concurrency: 1,
  passes: 2,
  clockAheadMinutes: 0,
  capShare: 1,
  death: undefined,
  happenings: [],
  successors: [],
  faults: [],
  machineFaults: [],
};
const reapAt = (...minutes: readonly number[]): readonly Happening[] =>
  minutes.map((atMinutes) => ({ what: "reap", atMinutes }));

describe.each([
  ["5 hours slow", -300],
  ["5 hours fast", 300],
])("on a machine whose clock is %s", (_, clockAheadMinutes) => {
  it("labels expire with the reservation, by the API's clock", async () => {
    const outcome = await runSchedule({ ...SWEEP, clockAheadMinutes });
    expect(breaches(outcome)).toEqual([]);
    const { events, estimate, world } = outcome;
    const reserved = events.find(({ type }) => type === "rental.reserved");
    const hours = estimate.rentals[0]?.reservedHours ?? 0;
    const atMs = Date.parse(reserved?.ts ?? "") - clockAheadMinutes * MINUTE;
    expect(atMs - START).toBeLessThan(MINUTE);
    const names = [...world.vms.all(), ...world.firewalls.all()].map(({ label }) => label);
    const labels = names.map((name) => parseLabel(name)).filter((label) => label !== undefined);
    const ours = labels.filter((label) => label.kind === "firewall" || label.seq === 1);
    expect(ours).toHaveLength(2);
    for (const { expiresMs } of ours) {
      expect(expiresMs).toBeGreaterThanOrEqual(atMs + hours * HOUR - 1_000);
      expect(expiresMs).toBeLessThanOrEqual(atMs + hours * HOUR + 1_000);
    }
  });

  it("reap leaves the VM of a living sweep alone", async () => {
    const happenings = reapAt(2, 10, 18);
    const outcome = await runSchedule({ ...SWEEP, clockAheadMinutes, happenings });
    expect(breaches(outcome)).toEqual([]);
    expect(outcome.met).toContain("reaper that found nothing");
    expect(outcome.met).not.toContain("reaper that destroyed");
    expect(outcome.events.filter(({ type }) => type === "pass.finished")).toHaveLength(2);
  });

  it("reap destroys what was left once it has expired, and not before", async () => {
    const outcome = await runSchedule({
      ...SWEEP,
      clockAheadMinutes,
      death: { facts: 12, before: false },
      // Two hours are reserved; the grace is 10 minutes.
      happenings: reapAt(60, 128, 135),
    });
    expect(breaches(outcome)).toEqual([]);
    const [vm] = outcome.world.vms
      .all()
      .filter(({ label }) => label.startsWith("mds-abcd1234-001"));
    expect(((vm?.deletedMs ?? 0) - START) / MINUTE).toBeCloseTo(135, 0);
  });
});
