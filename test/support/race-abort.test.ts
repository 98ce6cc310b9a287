import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { raceAbort } from "../../src/support/race-abort.ts";

const never = new Promise<never>(() => undefined);

describe("raceAbort", () => {
  it("settles like the work if the work ends first", async () => {
    const { signal } = new AbortController();
    await expect(raceAbort(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(raceAbort(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("rejects with the signal's reason, even if it was aborted before", async () => {
    const controller = new AbortController();
    const waiting = raceAbort(never, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(raceAbort(never, controller.signal)).rejects.toThrow("enough");
  });

  it("ignores a later failure of the work", async () => {
    const controller = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    const waiting = raceAbort(promise, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    reject(new Error("too late"));
    await new Promise(setImmediate);
  });
});
