import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { fewestHours, type VmHours } from "../../src/estimate/fewest-hours.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import { comparePackings, idleTime } from "../../src/estimate/compare-packings.ts";
import { planWith } from "../plan/a-plan.ts";

/** Items are minutes of work. A VM also needs time to start, is billed by the hour and has a maximum duration. */
const vm =
  (startMinutes: number, mostMinutes: number) =>
  (group: readonly number[]): VmHours | undefined => {
    const work = group.reduce((sum, one) => sum + one, startMinutes);
    if (group.length > 1 && work > mostMinutes) return undefined;
    return { likely: Math.ceil(work / 60), reserved: Math.ceil((work * 1.7) / 60) + 1 };
  };

/** Every way to divide a list into groups. */
function* partitions<T>(items: readonly T[]): Generator<readonly (readonly T[])[]> {
  const [first, ...rest] = items;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const others of partitions(rest)) {
    yield [[first], ...others];
    for (const [index, group] of others.entries()) yield others.with(index, [first, ...group]);
  }
}

const hours = (
  groups: readonly (readonly number[])[],
  hoursOf: (group: readonly number[]) => VmHours | undefined,
): number => groups.reduce((sum, group) => sum + (hoursOf(group)?.likely ?? Infinity), 0);

const works = (most: number) =>
  fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: most });

test("up to seven entries, no other packing bills fewer hours", () => {
  fc.assert(
    fc.property(
      works(7),
      fc.integer({ min: 5, max: 20 }),
      fc.integer({ min: 60, max: 360 }),
      (work, start, most) => {
        const hoursOf = vm(start, most);
        const packed = fewestHours(work, hoursOf);
        expect(packed.flat().toSorted((a, b) => a - b)).toEqual(work.toSorted((a, b) => a - b));
        const least = Math.min(...[...partitions(work)].map((groups) => hours(groups, hoursOf)));
        expect(hours(packed, hoursOf)).toBe(least);
      },
    ),
    { numRuns: 150 },
  );
});

test("with more entries, the hours are on average within 5 % of a lower bound", () => {
  let billed = 0;
  let least = 0;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 10, max: 60 }), { minLength: 14, maxLength: 30 }),
      (work) => {
        const hoursOf = vm(9, 480);
        const packed = fewestHours(work, hoursOf);
        expect(packed.flat()).toHaveLength(work.length);
        billed += hours(packed, hoursOf);
        const minutes = work.reduce((sum, one) => sum + one, 0);
        // The lower bound: as few VMs as possible, each with its start, and no unused minutes.
        least += Math.ceil((minutes + 9 * Math.ceil(minutes / (480 - 9))) / 60);
      },
    ),
    { numRuns: 100 },
  );
  expect(billed / least).toBeLessThanOrEqual(1.05);
});

const SMALL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const entries = (passes: readonly number[]): string =>
  `[${passes.map((n) => `{gpu: g2-gpu-rtx4000a1-s, models: [{id: ${SMALL}, max_model_len: ${String(8192 + n)}}], passes: ${String(n)}}`).join(", ")}]`;

test("fill-hours never likely bills more than per-entry, and per-entry has a VM for each entry", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
      (passes) => {
        const [own, filled] = comparePackings(planWith(entries(passes)), builtInMarket());
        expect(own).toMatchObject({ packing: "per-entry", vms: passes.length });
        expect(filled?.likely.hours).toBeLessThanOrEqual(own?.likely.hours ?? 0);
      },
    ),
    { numRuns: 30 },
  );
});

test("idle minutes are the unused part of the paid hours, and fit this many more passes", () => {
  const { rentals } = estimatePlan(planWith(entries([1])), builtInMarket());
  const [rental] = rentals;
  if (rental === undefined) throw new Error("no rental");
  const idle = idleTime(rental);
  expect(idle.minutes).toBeCloseTo(rental.likely.hours * 60 - rental.likely.minutes, 6);
  const more = estimatePlan(planWith(entries([1 + idle.passes])), builtInMarket()).rentals[0];
  expect(more?.likely.hours).toBe(rental.likely.hours);
});
