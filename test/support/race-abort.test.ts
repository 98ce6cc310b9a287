import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { raceAbort } from "../../src/support/race-abort.ts";

const never = new Promise<never>(() => undefined);

describe("raceAbort", () => {
  it("gives the result, or the failure, of work that ends first", async () => {
    const { signal } = new AbortController();
    await expect(raceAbort(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(raceAbort(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("stops waiting with the signal's reason, also when it had aborted before", async () => {
    const controller = new AbortController();
    const waiting = raceAbort(never, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(raceAbort(never, controller.signal)).rejects.toThrow("enough");
  });

  it("ignores the failure of work that is no longer waited for", async () => {
    const controller = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    const waiting = raceAbort(promise, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    reject(new Error("too late"));
    await new Promise(setImmediate);
  });
});
