import { assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/support/backoff.ts";

const most = { firstMs: 2_000, longestMs: 60_000, shortestMs: 1_000, random: () => 1 };

describe("exponential backoff", () => {
  it("doubles the upper limit of the wait with each attempt, up to a maximum", () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(attempt, most))).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
  });

  it("spreads waits over the entire range and stays within it for any attempt", () => {
    expect(backoffMs(3, { ...most, random: () => 0 })).toBe(1_000);
    expect(backoffMs(3, { ...most, shortestMs: 0, random: () => 0.5 })).toBe(8_000);
    assert(
      property(integer({ min: 0, max: 1e6 }), (attempt) => {
        const ms = backoffMs(attempt, { ...most, random: Math.random });
        expect(ms).toBeGreaterThanOrEqual(1_000);
        expect(ms).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
