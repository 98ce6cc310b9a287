import { describe, expect, it } from "vitest";
import {
  type ApiFault,
  createApiFaults,
  parseFaults,
} from "../../../src/simulator/faults/faults.ts";

describe("fault scripts", () => {
  it("are told apart by what they aim at", () => {
    expect(
      parseFaults([
        { match: { method: "POST", path: "instances$" }, action: "drop-before" },
        { vm: { type: "t" }, action: "gated" },
        { region: "us-ord", type: "t", action: "no-stock" },
      ]),
    ).toMatchObject({
      api: [{ action: "drop-before" }],
      machines: [{ action: "gated" }],
      stock: [{ region: "us-ord" }],
    });
  });

  it.each<[unknown, RegExp]>([
    [{ match: { path: "(" }, action: "delay" }, /fault 1: .*not a regular expression/s],
    [{ match: {}, action: "explode" }, /fault 1: .*action/s],
    [{ vm: {}, action: "stalls", after: 3 }, /fault 1: .*after/s],
    [[{ vm: {}, action: "stalls" }, { region: "us-ord" }], /fault 2: .*action/s],
    ["nonsense", /fault 1/],
  ])("that are wrong name what is wrong: %j", (value, message) => {
    expect(() => parseFaults(value)).toThrow(message);
  });

  const actions = (faults: readonly ApiFault[], requests: readonly string[]) => {
    const scripts = createApiFaults();
    scripts.add(faults);
    return requests.map((request) => {
      const [method = "", path = ""] = request.split(" ");
      return scripts.claim(method, path)?.action;
    });
  };

  it("hit the nth matching request and `count` from there on", () => {
    const fault = {
      match: { method: "GET", path: "^/a" },
      nth: 2,
      count: 2,
      action: "delay",
    } as const;
    expect(
      actions([fault], ["GET /a", "POST /a", "GET /b", "GET /a", "GET /abc", "GET /a"]),
    ).toEqual([undefined, undefined, undefined, "delay", "delay", undefined]);
  });

  it("hit once when nothing is said, and for ever with -1", () => {
    const once = { match: {}, action: "delay" } as const;
    expect(actions([once], ["GET /", "GET /"])).toEqual(["delay", undefined]);
    const always = { ...once, count: -1 };
    expect(actions([always], ["GET /", "PUT /", "GET /"])).toEqual(["delay", "delay", "delay"]);
  });

  it("come in their order, each counting by itself", () => {
    const first = { match: {}, action: "drop-before" } as const;
    const second = { match: {}, nth: 2, action: "commit-then-drop" } as const;
    expect(actions([first, second], ["GET /", "GET /", "GET /"])).toEqual([
      "drop-before",
      "commit-then-drop",
      undefined,
    ]);
  });
});
