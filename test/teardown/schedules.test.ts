import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runSchedule, schedules, strangeSchedules, type Outcome } from "./schedule.ts";

/** What is wrong with the end of a schedule. */
function breaches({ cloud, state, capMicroUsd, ledgerMicroUsd }: Outcome): readonly string[] {
  const living = cloud.living().map(({ label }) => label);
  const invoice = cloud.invoice() - cloud.invoiceOf("web-server");
  const firewalls = cloud.firewalls.filter(({ deletedMs }) => deletedMs === undefined);
  const checks: readonly (readonly [string, boolean])[] = [
    [`living: ${living.join(", ")}`, living.join() === "web-server"],
    [`firewalls left: ${String(firewalls.length)}`, firewalls.length === 0],
    [`invoice ${String(invoice)} > ledger ${String(ledgerMicroUsd)}`, invoice <= ledgerMicroUsd],
    [
      `ledger ${String(ledgerMicroUsd)} > cap ${String(capMicroUsd)}`,
      ledgerMicroUsd <= capMicroUsd,
    ],
    ["the run is not closed", state.closed !== undefined],
  ];
  return checks.filter(([, good]) => !good).map(([what]) => what);
}

describe("whatever dies, is lost or refused, and whenever", () => {
  it("nothing is left, and invoice <= ledger <= cap", async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        expect(breaches(await runSchedule(schedule))).toEqual([]);
      }),
      { numRuns: 600 },
    );
    expect.hasAssertions();
  }, 60_000);

  it("another account's answers prove nothing", async () => {
    await fc.assert(
      fc.asyncProperty(strangeSchedules, async (schedule) => {
        expect(breaches(await runSchedule(schedule))).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect.hasAssertions();
  }, 60_000);

  it("the same schedule gives the same journal, byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const [first, second] = [await runSchedule(schedule), await runSchedule(schedule)];
        expect(JSON.stringify(second.events)).toBe(JSON.stringify(first.events));
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it("a create that was lost three times and arrives after its VM was destroyed is found and billed", async () => {
    const outcome = await runSchedule({
      rentals: [{ workMinutes: 0, startMinutes: 0 }],
      capHours: 4,
      faults: [{ on: ["createVm"], count: 3, action: { do: "commit-later", ms: 241_201 } }],
      deaths: [],
    });
    expect(outcome.cloud.vms.length).toBeGreaterThan(2);
    expect(breaches(outcome)).toEqual([]);
  });
});
