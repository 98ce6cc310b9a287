import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coefficientOfVariation,
  confidenceInterval,
  deviation,
  distribution,
  mean,
  median,
  outliers,
  percentileOrMaximum,
  quantile,
  varianceParts,
} from "../../src/evidence/statistics.ts";
import { studentQuantile } from "../../src/evidence/student-t.ts";

const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });

describe("means, medians, quantiles", () => {
  it.each([
    [[4], 4, 4],
    [[1, 2, 6], 3, 2],
    [[1, 2, 3, 10], 4, 2.5],
    [[10, 1, 3, 2], 4, 2.5],
  ])("of %j", (values, meanOf, medianOf) => {
    expect(mean(values)).toBe(meanOf);
    expect(median(values)).toBe(medianOf);
  });

  it.each([
    [0, 1],
    [0.25, 1.75],
    [0.9, 3.7],
    [1, 4],
  ])("interpolate as numpy does: %f", (share, value) => {
    expect(quantile([4, 1, 3, 2], share)).toBeCloseTo(value, 12);
  });

  it("lie within their sample, and rise with the share", () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const value = quantile(values, share);
          expect(value).toBeGreaterThanOrEqual(Math.min(...values));
          expect(value).toBeLessThanOrEqual(Math.max(...values));
          expect(value).toBeGreaterThanOrEqual(quantile(values, share / 2) - 1e-9);
        },
      ),
    );
  });
});

describe("spread", () => {
  it("is that of a sample: 2, 4, 4, 4, 5, 5, 7, 9 have a variance of 32/7", () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(deviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(coefficientOfVariation(values)).toBeCloseTo(Math.sqrt(32 / 7) / 5, 12);
  });

  it("is not known from one value", () => {
    expect(deviation([3])).toBeUndefined();
    expect(distribution([3], "x")).toMatchObject({
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
  ])("above 10 %% is unstable: %j", (values, unstable) => {
    expect(distribution(values, "x").unstable).toBe(unstable);
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
  ])("stays below its 97.5 %% point with %i degrees of freedom", (freedom, value) => {
    expect(studentQuantile(0.975, freedom)).toBeCloseTo(value, 3);
  });
});

describe("95 % intervals", () => {
  it("are t on logarithms below 8 values: e^1, e^2, e^3 by hand", () => {
    const interval = confidenceInterval([1, 2, 3].map(Math.exp), "x");
    const half = 4.30265 / Math.sqrt(3);
    expect(interval?.method).toBe("t on logs");
    expect(Math.log(interval?.low ?? 0)).toBeCloseTo(2 - half, 4);
    expect(Math.log(interval?.high ?? 0)).toBeCloseTo(2 + half, 4);
  });

  it("are a bootstrap from 8 values, the same for the same seed", () => {
    const values = [98, 99, 100, 100, 101, 101, 102, 103];
    const interval = confidenceInterval(values, "seed");
    expect(interval?.method).toBe("bootstrap");
    expect(interval).toEqual(confidenceInterval(values, "seed"));
    expect(interval?.low).toBeGreaterThan(99);
    expect(interval?.high).toBeLessThan(102);
    expect(confidenceInterval(values.slice(1), "seed")?.method).toBe("t on logs");
  });

  it("hold the geometric mean, and scale with the unit", () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 2, maxLength: 7 }), (values) => {
        const { low, high } = confidenceInterval(values, "x") ?? { low: NaN, high: NaN };
        const middle = Math.exp(mean(values.map(Math.log)));
        expect(low).toBeLessThanOrEqual(middle * (1 + 1e-9));
        expect(high).toBeGreaterThanOrEqual(middle * (1 - 1e-9));
        const scaled = confidenceInterval(
          values.map((value) => value * 4),
          "x",
        );
        expect((scaled?.low ?? 0) / low).toBeCloseTo(4, 6);
      }),
    );
  });

  it("do not exist for one value, or where a value is 0", () => {
    expect(confidenceInterval([5], "x")).toBeUndefined();
    expect(confidenceInterval([5, 0], "x")).toBeUndefined();
  });
});

describe("tails", () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  it.each([
    [28, 90, "max", 28],
    [29, 90, "p90", 26.2],
    [58, 95, "max", 58],
    [59, 95, "p95", 56.1],
    [298, 99, "max", 298],
    [299, 99, "p99", 296.02],
  ] as const)("of %i values at %i %% are the %s", (count, percent, name, value) => {
    const tail = percentileOrMaximum(upTo(count), percent);
    expect(tail.name).toBe(name);
    expect(tail.value).toBeCloseTo(value, 9);
  });

  it("are flagged by the median's distance, never with fewer than five values", () => {
    expect(outliers([10, 11, 10, 12, 11, 30])).toEqual([30]);
    expect(outliers([10, 11, 10, 30])).toEqual([]);
    expect(outliers([10, 11, 10, 12, 11])).toEqual([]);
  });
});

describe("variance between and within VMs", () => {
  it("by hand: two VMs of two passes", () => {
    // grand 10; within: squares 1+1+1+1 over 2 = 2; between: 2*(4+4)/1 = 16, size 2 -> (16-2)/2 = 7
    const parts = varianceParts([
      [7, 9],
      [11, 13],
    ]);
    expect(parts.vms).toBe(2);
    expect(parts.within).toBeCloseTo(Math.SQRT2 / 10, 12);
    expect(parts.between).toBeCloseTo(Math.sqrt(7) / 10, 12);
  });

  it("from one VM say nothing of another", () => {
    expect(varianceParts([[7, 9], []])).toMatchObject({ vms: 1, between: undefined });
    expect(varianceParts([[7], [9]])).toMatchObject({ vms: 2, within: undefined });
  });
});
