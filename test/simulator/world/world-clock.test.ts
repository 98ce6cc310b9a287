import { describe, expect, it } from "vitest";
import { createWorldClock } from "../../../src/simulator/world/world-clock.ts";

describe("the world's clock", () => {
  it("does not jump when its speed is set", () => {
    const clock = createWorldClock("auto", Date.now() - 5_000);
    const before = clock.clock().now();
    clock.setSpeed(120);
    const after = clock.clock().now();
    expect(after - before).toBeGreaterThanOrEqual(0);
    expect(after - before).toBeLessThan(120_000);
    expect([clock.time().speed, clock.isAuto()]).toEqual([120, false]);
  });
});
