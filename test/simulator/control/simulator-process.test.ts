import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  type ProcessOptions,
  runSimulatorProcess,
} from "../../../src/simulator/control/simulator-process.ts";
import { runningSimulator } from "../running-simulator.ts";

describe("the simulator's process", () => {
  const options: ProcessOptions = {
    port: 0,
    speed: "auto",
    seed: 1,
    delays: 1,
  };

  const run = (changes: Partial<ProcessOptions>, signal: AbortSignal, stdout = new PassThrough()) =>
    runSimulatorProcess(
      { ...options, ...changes },
      { stdin: new PassThrough(), stdout, lease: false, signal },
    );

  it("prints one line when it is ready, and ends when the signal is aborted", async () => {
    const stdout = new PassThrough();
    const stopped = new AbortController();
    const ended = run({}, stopped.signal, stdout);
    const line = String(await new Promise((resolve) => stdout.once("data", resolve)));
    expect(line).toMatch(/^[^\n]*\n$/);
    const ready = JSON.parse(line);
    expect(Object.keys(ready)).toEqual(["url", "token", "world", "ssh_port", "speed"]);
    expect(ready.speed).toBe("auto");
    expect((await fetch(`${ready.url}/simulator/world`)).status).toBe(200);
    stopped.abort();
    await ended;
    await expect(fetch(`${ready.url}/simulator/world`)).rejects.toThrow("fetch failed");
  });

  it("reports invalid faults, and a port that is in use", async () => {
    const { simulator } = await runningSimulator();
    const never = new AbortController().signal;
    await expect(run({ faults: [{ match: {}, action: "explode" }] }, never)).rejects.toMatchObject({
      exitCode: 2,
      reason: expect.stringContaining("fault 1"),
    });
    const port = Number(new URL(simulator.url).port);
    await expect(run({ port }, never)).rejects.toMatchObject({
      exitCode: 2,
      reason: expect.stringContaining("EADDRINUSE"),
    });
  });
});
