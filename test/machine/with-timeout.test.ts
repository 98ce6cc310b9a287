import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { MachineError } from "../../src/machine/machine.ts";
import { withTimeout } from "../../src/machine/with-timeout.ts";

const patient = { ceilingMs: 60_000, what: "a command", signal: new AbortController().signal };
const forever = new Promise<never>(() => undefined);
const nothing = (): void => undefined;

describe("work over a connection", () => {
  it("leaves no listeners on the two signals", async () => {
    const link = new AbortController();
    const caller = new AbortController();
    const limits = { ...patient, lost: link.signal, signal: caller.signal };
    for (let call = 0; call < 20; call += 1)
      expect(await withTimeout(Promise.resolve(call), limits, nothing)).toBe(call);
    await expect(withTimeout(Promise.reject(new Error("exit 1")), limits, nothing)).rejects.toThrow(
      "exit 1",
    );
    expect(getEventListeners(link.signal, "abort")).toEqual([]);
    expect(getEventListeners(caller.signal, "abort")).toEqual([]);
  });

  it("ends when the connection is lost, and is abandoned", async () => {
    const link = new AbortController();
    const lost = new MachineError("link_lost", "SSH lost");
    let abandoned = 0;
    const work = withTimeout(forever, { ...patient, lost: link.signal }, () => (abandoned += 1));
    link.abort(lost);
    await expect(work).rejects.toBe(lost);
    expect(abandoned).toBe(1);
    await expect(withTimeout(forever, { ...patient, lost: link.signal }, nothing)).rejects.toBe(
      lost,
    );
  });

  it("ends after its timeout and when its caller's signal is aborted", async () => {
    await expect(withTimeout(forever, { ...patient, ceilingMs: 5 }, nothing)).rejects.toMatchObject(
      {
        kind: "timeout",
      },
    );
    const reason = new Error("enough");
    await expect(
      withTimeout(forever, { ...patient, signal: AbortSignal.abort(reason) }, nothing),
    ).rejects.toBe(reason);
  });
});
