import { describe, expect, it } from "vitest";
import { parseFaults } from "../../../src/simulator/faults/fault-scripts.ts";

describe("faults", () => {
  it("are grouped by their kind", () => {
    expect(
      parseFaults([
        { match: { method: "POST", path: "instances$" }, action: "drop-before" },
        { vm: { type: "t" }, action: "gated" },
        { region: "us-ord", type: "t", action: "no-stock" },
        { action: "address-changes", after_seconds: 60 },
      ]),
    ).toMatchObject({
      api: [{ action: "drop-before" }],
      machines: [{ action: "gated" }],
      stock: [{ region: "us-ord" }],
      address: [{ after_seconds: 60 }],
    });
  });

  it.each<[unknown, RegExp]>([
    [{ match: { path: "(" }, action: "delay" }, /fault 1: .*not a regular expression/s],
    [{ match: {}, action: "explode" }, /fault 1: .*action/s],
    [{ vm: {}, action: "stalls", after: 3 }, /fault 1: .*after/s],
    [[{ vm: {}, action: "stalls" }, { region: "us-ord" }], /fault 2: .*action/s],
    ["nonsense", /fault 1/],
  ])("that are invalid are refused with the reason: %j", (value, message) => {
    expect(() => parseFaults(value)).toThrow(message);
  });
});
