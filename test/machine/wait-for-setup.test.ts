import { describe, expect, it } from "vitest";
import { MachineError, type SetupStatus } from "../../src/machine/machine.ts";
import { waitForSetup } from "../../src/machine/wait-for-setup.ts";
import { jumpingClock, type Script, scriptedMachine } from "./machine-stand-in.ts";

async function wait(
  setup: NonNullable<Script["setup"]>,
  signal = new AbortController().signal,
): Promise<{ status: SetupStatus; seen: string[] }> {
  const seen: string[] = [];
  const status = await waitForSetup(
    scriptedMachine({ setup }),
    {
      clock: jumpingClock(),
      ceilingMs: 600_000,
      onProgress: (now) => seen.push(`${now.state} ${now.stage}`),
    },
    signal,
  );
  return { status, seen };
}

describe("waiting for the set-up", () => {
  it("reports each stage once, and returns when it is done", async () => {
    const { status, seen } = await wait([
      { state: "waiting", stage: "start" },
      { stage: "packages" },
      { stage: "packages" },
      { stage: "driver", index: 3 },
      { state: "done", stage: "check", index: 5 },
    ]);
    expect(status.state).toBe("done");
    expect(seen).toEqual(["waiting start", "running packages", "running driver", "done check"]);
  });

  it("returns the reason of a failure", async () => {
    const { status } = await wait([{}, { state: "failed", stage: "driver", reason: "no driver" }]);
    expect(status).toMatchObject({ state: "failed", stage: "driver", reason: "no driver" });
  });

  it("returns when a reboot is needed, which it leaves to the caller", async () => {
    const { status } = await wait([{}, { state: "waiting", stage: "driver", rebootNeeded: true }]);
    expect(status).toMatchObject({ state: "waiting", rebootNeeded: true });
  });

  it("waits until our program exists, and while the machine is slow to answer", async () => {
    const { status } = await wait([
      new MachineError("command", "no such file", 127),
      new MachineError("timeout", "slow"),
      { state: "done" },
    ]);
    expect(status.state).toBe("done");
  });

  it("throws if the connection is lost or the program fails", async () => {
    await expect(wait([new MachineError("link_lost", "gone")])).rejects.toMatchObject({
      kind: "link_lost",
    });
    await expect(wait([new MachineError("command", "broken", 1)])).rejects.toThrow("broken");
  });

  it("times out with the stage at which the set-up hung", async () => {
    const { status } = await wait([{ stage: "image", index: 4 }]);
    expect(status).toMatchObject({
      state: "failed",
      stage: "image",
      reason: "not ready after 10 minutes",
    });
  });

  it("stops when its signal is aborted", async () => {
    const control = new AbortController();
    control.abort(new Error("stop"));
    await expect(wait([{}], control.signal)).rejects.toThrow("stop");
  });
});
