import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/simulator/world/random.ts";

describe("random numbers", () => {
  it("are the same for the same seed and name, and differ between names", () => {
    const draw = (seed: number, name: string) => {
      const stream = createRandom(seed).named(name);
      return [stream.next(), stream.next()];
    };
    expect(draw(3, "boot")).toEqual(draw(3, "boot"));
    expect(draw(3, "boot")).not.toEqual(draw(3, "load"));
    expect(draw(3, "boot")).not.toEqual(draw(4, "boot"));
  });

  it("are spread evenly", () => {
    const stream = createRandom(1);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 10_000; index += 1) {
      const tenth = stream.below(10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
