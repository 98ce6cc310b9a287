import { describe, expect, it } from "vitest";
import type { PassRequest, RunPass } from "../../../src/benchmark/benchmark.ts";
import type { PassResult, TestResult } from "../../../src/evidence/pass.ts";
import { type Machine, MachineError } from "../../../src/machine/machine.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { NoAnswerError } from "../../../src/vllm/connection.ts";
import { memoryMeasure } from "../schedule/memory-machines.ts";
import { simulatedSweep, type SimulatedSweep } from "../simulated-sweep.ts";

/** Passes for which the test says what happens. */
const passesWith =
  (around: (pass: number, run: () => Promise<PassResult>) => Promise<PassResult>) =>
  (): Partial<SweepPorts> => {
    let passes = 0;
    const runPass: RunPass = (request: PassRequest, signal) =>
      around((passes += 1), () => memoryMeasure.runPass(request, signal));
    return { measure: { ...memoryMeasure, runPass } };
  };

describe("a pass during which the clock jumps", () => {
  it.each([
    ["ends", (run: () => Promise<PassResult>) => run()],
    [
      "fails",
      async (run: () => Promise<PassResult>) => {
        await run().catch(() => undefined);
        throw new Error("the stream broke");
      },
    ],
  ])("is void when it %s, and is run again", async (_, ending) => {
    let sweep: SimulatedSweep | undefined;
    await using made = await simulatedSweep({
      change: passesWith((pass, run) => {
        if (pass === 1) sweep?.clock.jump(3_600_000 / 2);
        return pass === 1 ? ending(run) : run();
      }),
    });
    sweep = made;
    await made.run();
    expect(made.ofType("pass.void")).toMatchObject([
      { pass: 1, reason: expect.stringContaining("the clock jumped") as string },
    ]);
    expect(made.ofType("pass.finished").map(({ pass }) => pass)).toEqual([1, 2]);
  });
});

it("a pass that is not sound is journaled as failed, with its record, and is not repeated", async () => {
  await using sweep = await simulatedSweep({
    passes: 3,
    change: passesWith(async (pass, run) => {
      const result = await run();
      if (pass !== 2) return result;
      return { ...result, verdict: { state: "failed", reasons: ["tokens are missing"] } };
    }),
  });
  await sweep.run();
  const sound = sweep.ofType("pass.finished");
  expect(sound.map(({ pass }) => pass)).toEqual([1, 3]);
  expect(sweep.ofType("pass.failed")).toMatchObject([{ pass: 2, reasons: ["tokens are missing"] }]);
  expect(sweep.ofType("configuration.finished")).toMatchObject([
    { state: "partial", passes: 2, reason: "tokens are missing" },
  ]);
});

it("a pass whose last test fails because the connection is lost is void, and is run again", async () => {
  let isLost = false;
  await using sweep = await simulatedSweep({
    change: (ports) => ({
      ...passesWith(async (attempt, run) => {
        const result = await run();
        if (attempt > 1) return result;
        isLost = true;
        return { ...result, verdict: { state: "failed", reasons: ["gamma: no byte for 60 s"] } };
      })(),
      machines: {
        ...ports.machines,
        connect: async (target, signal) => {
          isLost = false;
          const machine = await ports.machines.connect(target, signal);
          return {
            ...machine,
            serverStatus: async (inner: AbortSignal) => {
              if (isLost) throw new MachineError("link_lost", "SSH lost, timeout");
              return machine.serverStatus(inner);
            },
          };
        },
      },
    }),
  });
  await sweep.run();
  expect(sweep.ofType("pass.failed")).toEqual([]);
  expect(sweep.ofType("pass.void")).toMatchObject([{ pass: 1, reason: "SSH was lost" }]);
  expect(sweep.ofType("pass.finished").map(({ pass }) => pass)).toEqual([1, 2]);
});

it("a void pass is journaled with the record of its tests, and is run again", async () => {
  await using sweep = await simulatedSweep({
    change: passesWith(async (attempt, run) => {
      const result = await run();
      if (attempt > 1) return result;
      return { ...result, verdict: { state: "void", reasons: ["the connection stalled"] } };
    }),
  });
  await sweep.run();
  const [voided, ...others] = sweep.ofType("pass.void");
  expect(others).toEqual([]);
  expect(voided).toMatchObject({ pass: 1, reason: "the connection stalled" });
  expect(voided?.record?.tests.map(({ success }) => success)).toEqual([true, true, true]);
  expect(sweep.ofType("pass.finished").map(({ pass }) => pass)).toEqual([1, 2]);
});

it("a pass under load is journaled with its requests one by one, which its record does not hold", async () => {
  const rows = [{ in_flight: 2, requests: [{ test: "one", sent_s: 1, ttft_s: 0.2 }] }];
  await using sweep = await simulatedSweep({
    change: passesWith(async (pass, run) => {
      const result = await run();
      return pass === 1 ? { ...result, loadRequests: rows } : result;
    }),
  });
  await sweep.run();
  const [first, second] = sweep.ofType("pass.finished");
  expect(first?.load_requests).toEqual(rows);
  expect(JSON.stringify(first?.record)).not.toContain("sent_s");
  expect(second).not.toHaveProperty("load_requests");
});

it("a server that runs and stops answering is asked for no further pass", async () => {
  await using sweep = await simulatedSweep({
    passes: 3,
    change: passesWith(async (_, run) => ({
      ...(await run()),
      verdict: { state: "failed", reasons: ["alpha: no byte for 60 s"] },
      noAnswer: "the server did not answer 2 tests in a row",
    })),
  });
  await sweep.run();
  expect(sweep.ofType("pass.failed").map(({ pass }) => pass)).toEqual([1]);
  expect(sweep.ofType("configuration.finished")).toMatchObject([
    {
      state: "failed",
      reason: "the server runs, but does not answer: the server did not answer 2 tests in a row",
    },
  ]);
});

it("a channel that is refused in the middle of a pass fails the pass, which keeps its finished tests", async () => {
  let isRefusing = false;
  /** As the benchmark does: a server that does not answer is a failed test; every other error ends the pass. */
  const runPass: RunPass = async (request, signal) => {
    const result = await memoryMeasure.runPass({ ...request, onTest: () => undefined }, signal);
    const tests: TestResult[] = [];
    for (const [index, test] of result.tests.entries()) {
      isRefusing = index === 2;
      const reason = await request.server.open(signal).then(
        (channel) => void channel.destroy(),
        (error: unknown) => {
          if (error instanceof NoAnswerError) return error.message;
          throw error;
        },
      );
      tests.push(reason === undefined ? test : { ...test, outcome: { kind: "failed", reason } });
    }
    return { ...result, tests, verdict: { state: "failed", reasons: ["gamma: refused"] } };
  };
  await using sweep = await simulatedSweep({
    passes: 1,
    change: ({ machines }) => ({
      measure: { ...memoryMeasure, runPass },
      machines: {
        ...machines,
        connect: async (target, signal) => {
          const machine = await machines.connect(target, signal);
          const refused = new MachineError("unreachable", "connection refused");
          return {
            ...machine,
            openChannel: (inner) =>
              isRefusing ? Promise.reject(refused) : machine.openChannel(inner),
          };
        },
      },
    }),
  });
  await sweep.run();
  expect(sweep.ofType("rental.failed")).toEqual([]);
  const [failed] = sweep.ofType("pass.failed");
  expect(failed?.record.tests.map(({ outcome = "measured", reason }) => [outcome, reason])).toEqual(
    [
      ["measured", undefined],
      ["measured", undefined],
      ["failed", "connection refused"],
    ],
  );
});

describe("a server that dies", () => {
  /** The server of a VM dies at a moment. */
  const dyingServer =
    (isDead: () => boolean) =>
    ({ machines }: SweepPorts): Partial<SweepPorts> => ({
      machines: {
        ...machines,
        connect: async (target, signal): Promise<Machine> => {
          const machine = await machines.connect(target, signal);
          const refused = new MachineError("unreachable", "connection refused");
          return {
            ...machine,
            openChannel: (inner) =>
              isDead() ? Promise.reject(refused) : machine.openChannel(inner),
            serverStatus: async (inner) => {
              const status = await machine.serverStatus(inner);
              return isDead() ? { ...status, state: "exited", exitCode: 1 } : status;
            },
          };
        },
      },
    });

  it.each([
    ["pass 2", "pass.started", 2],
    ["pass 1", "warmup.finished", 1],
  ] as const)("during %s fails its model, with what its log says", async (during, type, nth) => {
    let isDead = false;
    await using sweep = await simulatedSweep({ change: dyingServer(() => isDead) });
    sweep.after(type, nth, () => {
      isDead = true;
    });
    await sweep.run();
    expect(sweep.ofType("server.failed")).toMatchObject([{ during, cause: "it exited" }]);
    expect(sweep.ofType("configuration.finished")).toMatchObject([
      { reason: `vLLM failed during ${during}: it exited` },
    ]);
    expect(sweep.ofType("rental.failed")).toEqual([]);
  });

  it("is told from one that runs and does not answer, which fails its model too", async () => {
    let isMute = false;
    const refused = new MachineError("unreachable", "connection refused");
    await using sweep = await simulatedSweep({
      change: ({ machines }) => ({
        machines: {
          ...machines,
          connect: async (target, signal) => {
            const machine = await machines.connect(target, signal);
            return {
              ...machine,
              openChannel: (inner) =>
                isMute ? Promise.reject(refused) : machine.openChannel(inner),
            };
          },
        },
      }),
    });
    sweep.after("pass.started", 1, () => {
      isMute = true;
    });
    await sweep.run();
    expect(sweep.ofType("server.failed")).toEqual([]);
    expect(sweep.ofType("rental.failed")).toEqual([]);
    expect(sweep.ofType("configuration.finished")).toMatchObject([
      { state: "failed", reason: "the server runs, but does not answer: connection refused" },
    ]);
  });
});
