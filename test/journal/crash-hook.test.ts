import { describe, expect, it } from "vitest";
import { createCrashHook, parseCrashPoint } from "../../src/journal/crash-hook.ts";
import { vmLabel } from "./journal-rig.ts";

const sent = { type: "create.sent", label: vmLabel(1) } as const;
const guard = { type: "guard.acknowledged", pid: 77 } as const;

function hooked(text: string, loopback = true) {
  const killed: number[] = [];
  const hook = createCrashHook({
    point: parseCrashPoint(text),
    loopback,
    pid: 1,
    kill: (pid) => killed.push(pid),
  });
  return { hook, killed };
}

describe("parseCrashPoint", () => {
  it.each([
    ["create.sent:before", { type: "create.sent", when: "before", nth: 1, guard: false }],
    ["create.sent:after:3", { type: "create.sent", when: "after", nth: 3, guard: false }],
    ["run.closed:after+guard", { type: "run.closed", when: "after", nth: 1, guard: true }],
    ["rental.gone:before:12+guard", { type: "rental.gone", when: "before", nth: 12, guard: true }],
  ])("parses %s", (text, point) => {
    expect(parseCrashPoint(text)).toEqual(point);
  });

  it.each([
    "",
    "create.sent",
    "create.sent:during",
    "create.sent:before:0",
    "create.sent:before+",
    "x:before",
    "create.sent:before:1:2",
  ])("rejects %j with exit code 2", (text) => {
    expect(() => parseCrashPoint(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe("createCrashHook", () => {
  it("kills the process before the n-th fact of its type, and at no other fact", () => {
    const { hook, killed } = hooked("create.sent:before:2");
    hook?.before(sent);
    hook?.after(sent);
    hook?.before(guard);
    expect(killed).toEqual([]);
    hook?.before(sent);
    expect(killed).toEqual([1]);
  });

  it("kills the process even if the guard has already exited", () => {
    const killed: number[] = [];
    const hook = createCrashHook({
      point: parseCrashPoint("guard.lost:before+guard"),
      loopback: true,
      pid: 1,
      kill: (pid) => {
        if (pid === guard.pid) throw new Error("kill ESRCH");
        killed.push(pid);
      },
    });
    hook?.before(guard);
    expect(() => hook?.before({ type: "guard.lost", pid: guard.pid })).toThrow("ESRCH");
    expect(killed).toEqual([1]);
  });

  it("kills the guard first if `+guard` is given", () => {
    const { hook, killed } = hooked("create.sent:after+guard");
    hook?.before(guard);
    hook?.after(guard);
    hook?.before(sent);
    expect(killed).toEqual([]);
    hook?.after(sent);
    expect(killed).toEqual([77, 1]);
  });

  it("is ignored unless the API is on a loopback address", () => {
    expect(hooked("create.sent:before", false).hook).toBeUndefined();
  });
});
