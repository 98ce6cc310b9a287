import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costEfficiency, costPer1kTokens, costReadings } from "../../src/evidence/cost.ts";

describe("maider's formulas", () => {
  it.each([
    [45.3, 3, 0.018396],
    [38.1, 1.04, 0.007582],
    [100, 3.6, 0.01],
  ])("%f tokens/s at $%f per hour cost $%f per 1,000 tokens", (tps, hourly, cost) => {
    expect(costPer1kTokens(tps, hourly)).toBeCloseTo(cost, 6);
  });

  it.each([
    ["a rate of 0", 0, 3, Infinity],
    ["an unknown price", 50, 0, NaN],
    ["a negative price", 10, -3, NaN],
    ["a negative rate", -1, 3, NaN],
    ["a rate that is not a number", NaN, 3, NaN],
  ])("%s gives no finite cost", (_, tps, hourly, cost) => {
    expect(costPer1kTokens(tps, hourly)).toBe(cost);
  });

  it.each([
    [45.3, 3, 15.1],
    [38.1, 1.04, 36.635],
    [38.1, 0, 0],
  ])("%f tokens/s at $%f per hour have an efficiency of %f", (tps, hourly, efficiency) => {
    expect(costEfficiency(tps, hourly)).toBeCloseTo(efficiency, 3);
  });

  it("cost per token is inversely proportional to efficiency", () => {
    const amount = fc.double({ min: 0.01, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(amount, amount, (tps, hourly) => {
        const product = costPer1kTokens(tps, hourly) * costEfficiency(tps, hourly);
        expect(product).toBeCloseTo(1000 / 3600, 9);
      }),
    );
  });
});

describe("the three costs per million tokens", () => {
  it("are right for 100 tokens/s at $3.60, ready after half an hour, two hours billed for 90,000 tokens", () => {
    const readings = costReadings({
      tokensPerSec: 100,
      price: 3_600_000,
      startUpS: 1_800,
      billed: 7_200_000,
      tokens: 90_000,
    });
    expect(readings.steadyState).toBeCloseTo(10, 9);
    expect(readings.coldStart).toBeCloseTo(20, 9);
    expect(readings.asBilled).toBeCloseTo(80, 9);
  });

  it("are undefined without tokens or figures", () => {
    expect(
      costReadings({ tokensPerSec: 0, price: 1, startUpS: 4_000, billed: undefined, tokens: 5 }),
    ).toEqual({ steadyState: undefined, coldStart: undefined, asBilled: undefined });
  });
});
