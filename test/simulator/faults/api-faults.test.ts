import { describe, expect, it } from "vitest";
import { createApiFaults } from "../../../src/simulator/faults/api-faults.ts";
import type { ApiFault } from "../../../src/simulator/faults/fault-scripts.ts";

describe("faults of requests", () => {
  const actions = (faults: readonly ApiFault[], requests: readonly string[]) => {
    const scripts = createApiFaults(() => 0);
    scripts.add(faults);
    return requests.map((request) => {
      const [method = "", path = ""] = request.split(" ");
      return scripts.claim(method, path)?.action;
    });
  };

  it("affect `count` requests from the nth matching one on", () => {
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

  it("affect one request by default, and all with -1", () => {
    const once = { match: {}, action: "delay" } as const;
    expect(actions([once], ["GET /", "GET /"])).toEqual(["delay", undefined]);
    const always = { ...once, count: -1 };
    expect(actions([always], ["GET /", "PUT /", "GET /"])).toEqual(["delay", "delay", "delay"]);
  });

  it("apply in their order, each with its own count", () => {
    const first = { match: {}, action: "drop-before" } as const;
    const second = { match: {}, nth: 2, action: "commit-then-drop" } as const;
    expect(actions([first, second], ["GET /", "GET /", "GET /"])).toEqual([
      "drop-before",
      "commit-then-drop",
      undefined,
    ]);
  });

  describe("that take the API down", () => {
    const outage = (fault: Partial<ApiFault>) => {
      let nowMs = 1_000_000;
      const scripts = createApiFaults(() => nowMs);
      scripts.add([{ match: {}, action: "down", seconds: 600, ...fault }]);
      return (secondsLater: number) => {
        nowMs += secondsLater * 1_000;
        return scripts.claim("GET", "/profile") !== undefined;
      };
    };

    it("last for their seconds from the nth request on, for any number of requests", () => {
      const isDown = outage({ nth: 2 });
      expect(isDown(0)).toBe(false);
      expect([isDown(5), isDown(100), isDown(499), isDown(1), isDown(9_999)]).toEqual([
        true,
        true,
        true,
        false,
        false,
      ]);
    });

    it("begin after their seconds, even if no request comes at that time", () => {
      const isDown = outage({ after_seconds: 60 });
      expect([isDown(59), isDown(1), isDown(599), isDown(1)]).toEqual([false, true, true, false]);
    });
  });
});
