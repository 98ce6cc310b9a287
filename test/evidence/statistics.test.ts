import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coefficientOfVariation,
  confidenceInterval,
  standardDeviation,
  distribution,
  mean,
  median,
  percentiles,
  quantile,
} from "../../src/evidence/statistics.ts";
import { seededRandom } from "../../src/evidence/seeded-random.ts";
import { studentQuantile } from "../../src/evidence/student-t.ts";

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });

describe("means, medians and quantiles", () => {
  it.each([
    [[4], 4, 4],
    [[1, 2, 6], 3, 2],
    [[1, 2, 3, 10], 4, 2.5],
    [[10, 1, 3, 2], 4, 2.5],
  ])("of %j are correct", (values, expectedMean, expectedMedian) => {
    expect(mean(values)).toBe(expectedMean);
    expect(median(values)).toBe(expectedMedian);
  });

  it.each([
    [0, 1],
    [0.25, 1.75],
    [0.9, 3.7],
    [1, 4],
  ])("interpolate like numpy: %f", (p, value) => {
    expect(quantile([4, 1, 3, 2], p)).toBeCloseTo(value, 12);
  });

  it("are within the sample and increase with p", () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, p) => {
          const value = quantile(values, p);
          expect(value).toBeGreaterThanOrEqual(Math.min(...values));
          expect(value).toBeLessThanOrEqual(Math.max(...values));
          expect(value).toBeGreaterThanOrEqual(quantile(values, p / 2) - 1e-9);
        },
      ),
    );
  });
});

describe("the standard deviation", () => {
  it("is that of a sample: 2, 4, 4, 4, 5, 5, 7, 9 have a variance of 32/7", () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(coefficientOfVariation(values)).toBeCloseTo(Math.sqrt(32 / 7) / 5, 12);
  });

  it("is undefined for one value", () => {
    expect(standardDeviation([3])).toBeUndefined();
    expect(distribution([3])).toMatchObject({
      n: 1,
      cv: undefined,
      interval: undefined,
      unstable: false,
    });
  });

  it.each([
    [[100, 100, 100], false],
    [[90, 100, 110], false],
    [[89, 100, 111], true],
  ])("counts as unstable above 10 %% of the mean: %j", (values, unstable) => {
    expect(distribution(values).unstable).toBe(unstable);
  });
});

describe("Student's t", () => {
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [4, 2.7764],
    [7, 2.3646],
    [30, 2.0423],
    [1e6, 1.96],
  ])("has the tabulated 97.5 %% quantile for %i degrees of freedom", (degreesOfFreedom, value) => {
    expect(studentQuantile(0.975, degreesOfFreedom)).toBeCloseTo(value, 3);
  });
});

describe("95 % intervals", () => {
  it("follow Student's t on logarithms: e^1, e^2, e^3", () => {
    const interval = confidenceInterval([1, 2, 3].map(Math.exp));
    const half = 4.30265 / Math.sqrt(3);
    expect(Math.log(interval?.low ?? 0)).toBeCloseTo(2 - half, 4);
    expect(Math.log(interval?.high ?? 0)).toBeCloseTo(2 + half, 4);
  });

  describe.each([
    ["normal noise of 2 %", (random: () => number) => 1 + 0.02 * normal(random), 1],
    ["skewed noise", (random: () => number) => 1 + 0.05 * -Math.log(1 - random()), undefined],
  ] as const)("under %s", (_name, draw, centre) => {
    it.each([2, 3, 5, 8, 15, 30])(
      "cover the true mean in about 95 %% of sets of %i passes",
      (passes) => {
        const random = seededRandom(`coverage ${passes}`);
        const next = (): number => random.next();
        const truth =
          centre ?? Math.exp(mean(Array.from({ length: 50_000 }, () => Math.log(draw(next)))));
        const sets = 2_000;
        const covering = Array.from({ length: sets }, () =>
          confidenceInterval(Array.from({ length: passes }, () => draw(next))),
        ).filter((interval) => interval!.low <= truth && truth <= interval!.high);
        expect(covering.length / sets).toBeGreaterThan(centre === undefined ? 0.88 : 0.935);
        expect(covering.length / sets).toBeLessThan(0.965);
      },
    );
  });

  it("contain the geometric mean and scale with the unit", () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 2, maxLength: 7 }), (values) => {
        const { low, high } = confidenceInterval(values) ?? { low: NaN, high: NaN };
        const middle = Math.exp(mean(values.map(Math.log)));
        expect(low).toBeLessThanOrEqual(middle * (1 + 1e-9));
        expect(high).toBeGreaterThanOrEqual(middle * (1 - 1e-9));
        const scaled = confidenceInterval(values.map((value) => value * 4));
        expect((scaled?.low ?? 0) / low).toBeCloseTo(4, 6);
      }),
    );
  });

  it("are undefined for one value or if a value is 0", () => {
    expect(confidenceInterval([5])).toBeUndefined();
    expect(confidenceInterval([5, 0])).toBeUndefined();
  });
});

describe("percentiles", () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  it.each([
    [1, { p50: 1, max: 1 }],
    [28, { p50: 14.5, max: 28 }],
    [29, { p50: 15, p90: 26.2, max: 29 }],
    [58, { p50: 29.5, p90: 52.3, max: 58 }],
    [59, { p50: 30, p90: 53.2, p95: 56.1, max: 59 }],
    [298, { p50: 149.5, p90: 268.3, p95: 283.15, max: 298 }],
    [299, { p50: 150, p90: 269.2, p95: 284.1, p99: 296.02, max: 299 }],
  ])("of %i values include only those that the sample supports", (count, expected) => {
    const found = percentiles(upTo(count));
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, value] of Object.entries(expected))
      expect(found[name as keyof typeof found]).toBeCloseTo(value, 9);
  });
});
