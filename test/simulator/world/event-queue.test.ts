import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEventQueue } from "../../../src/simulator/world/event-queue.ts";

describe("the event queue", () => {
  it("runs due events in order, with the time at which they were due, and the events that they add", () => {
    const queue = createEventQueue();
    const done: [string, number][] = [];
    queue.at(30, (at) => done.push(["c", at]));
    queue.at(10, (at) => {
      done.push(["a", at]);
      queue.at(at + 10, (then) => done.push(["b", then]));
    });
    queue.at(99, () => done.push(["late", 99]));
    queue.runUntil(50);
    expect(done).toEqual([
      ["a", 10],
      ["b", 20],
      ["c", 30],
    ]);
    expect(queue.next()).toBe(99);
  });

  it("keeps the order of events that are due at the same time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5)), (moments) => {
        const queue = createEventQueue();
        const done: [number, number][] = [];
        for (const [index, moment] of moments.entries())
          queue.at(moment, () => done.push([moment, index]));
        queue.runUntil(5);
        expect(done).toEqual([...done].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
        expect(done).toHaveLength(moments.length);
      }),
    );
  });
});
