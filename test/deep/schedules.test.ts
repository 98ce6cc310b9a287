import * as fc from "fast-check";
import { expect, it } from "vitest";
import { breaches } from "../sweep/schedule/breaches.ts";
import { runSchedule } from "../sweep/schedule/run-schedule.ts";
import { schedules } from "../sweep/schedule/schedule.ts";

const RUNS = Number(process.env["SCHEDULES"] ?? 100_000);

it(`after ${String(RUNS)} schedules of everything that can go wrong nothing is left, and no cap was passed`, async () => {
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      expect(breaches(await runSchedule(schedule))).toEqual([]);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
