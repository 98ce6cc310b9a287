import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEventQueue } from "../../src/simulator/world/event-queue.ts";
import { createRandom } from "../../src/simulator/world/random.ts";
import { createWorldClock } from "../../src/simulator/world/world-clock.ts";

describe("the agenda", () => {
  it("does what is due in its order, with the moment it was due, and what that adds", () => {
    const agenda = createEventQueue();
    const done: [string, number][] = [];
    agenda.at(30, (at) => done.push(["c", at]));
    agenda.at(10, (at) => {
      done.push(["a", at]);
      agenda.at(at + 10, (then) => done.push(["b", then]));
    });
    agenda.at(99, () => done.push(["late", 99]));
    agenda.runUntil(50);
    expect(done).toEqual([
      ["a", 10],
      ["b", 20],
      ["c", 30],
    ]);
    expect(agenda.next()).toBe(99);
  });

  it("keeps the order of what is due at the same moment", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5)), (moments) => {
        const agenda = createEventQueue();
        const done: [number, number][] = [];
        for (const [index, moment] of moments.entries())
          agenda.at(moment, () => done.push([moment, index]));
        agenda.runUntil(5);
        expect(done).toEqual([...done].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
        expect(done).toHaveLength(moments.length);
      }),
    );
  });
});

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

describe("the world's clock", () => {
  it("goes on without a jump when its speed is chosen", () => {
    const clock = createWorldClock("auto", Date.now() - 5_000);
    const before = clock.clock().now();
    clock.setSpeed(120);
    const after = clock.clock().now();
    expect(after - before).toBeGreaterThanOrEqual(0);
    expect(after - before).toBeLessThan(120_000);
    expect([clock.time().speed, clock.isAuto()]).toEqual([120, false]);
  });
});
