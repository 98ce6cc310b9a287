import { describe, expect, it } from "vitest";
import { runConcurrently } from "../../src/benchmark/run-concurrently.ts";

const never = new AbortController().signal;

describe("concurrent work", () => {
  it("runs in parallel and ends when every copy has ended", async () => {
    let running = 0;
    let most = 0;
    await runConcurrently(
      4,
      async () => {
        most = Math.max(most, (running += 1));
        await Promise.resolve();
        running -= 1;
      },
      never,
    );
    expect({ most, running }).toEqual({ most: 4, running: 0 });
  });

  it("is aborted by the first failure, whose error is thrown once every copy has ended", async () => {
    const reason = new Error("link lost");
    let started = 0;
    let aborted = 0;
    const work = (signal: AbortSignal): Promise<void> => {
      started += 1;
      if (started === 3) return Promise.reject(reason);
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted += 1;
          reject(signal.reason as Error);
        });
      });
    };
    await expect(runConcurrently(3, work, never)).rejects.toBe(reason);
    expect(aborted).toBe(2);
  });

  it("is aborted by the caller's signal", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    const work = (signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const running = runConcurrently(2, work, stop.signal);
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});
