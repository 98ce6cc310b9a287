import { expect, it } from "vitest";
import { probeOneGpu } from "../../src/drill/gather-evidence.ts";
import type { LiveEvidence } from "../../src/drill/live-evidence.ts";
import { type Machine, MachineError } from "../../src/machine/machine.ts";
import type { SweepPorts } from "../../src/sweep/ports.ts";
import { simulatedSweep } from "../sweep/simulated-sweep.ts";

/** Only the first of the two models: the replies of the second need real time. */
const entries = "[{ gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen2.5-Coder-14B-Instruct-AWQ] }]";

async function drill(change: (machine: Machine) => Partial<Machine> = () => ({})) {
  const evidence: LiveEvidence = { failures: {} };
  const sweep = await simulatedSweep({
    entries,
    passes: 1,
    change: ({ machines }): Partial<SweepPorts> => ({
      machines: {
        ...machines,
        connect: async (target, signal) => {
          const machine = await machines.connect(target, signal);
          return { ...machine, ...change(machine) };
        },
      },
      probe: (vm) => probeOneGpu(vm, evidence),
    }),
  });
  await sweep.run();
  const types = sweep.events().map(({ type }) => type);
  const statuses = sweep.vms().map(({ status }) => status);
  await sweep[Symbol.asyncDispose]();
  return { evidence, types, statuses };
}

it("gathers what the checks of a VM with one GPU compare, and records a sound pass", async () => {
  const { evidence, statuses, types } = await drill();
  expect(evidence).toMatchObject({
    failures: {},
    afterSetup: { moduleInstallable: true },
    afterReboot: { nvidiaLoaded: true },
    killedDownload: { incompleteFiles: 1, incompleteFilesAfterRestart: 0 },
    memory: { graphsGib: 0.53 },
    gpuSamples: [{ throttle: [] }],
  });
  expect(evidence.afterReboot?.bootId).not.toBe(evidence.afterSetup?.bootId);
  expect(types).toContain("pass.finished");
  expect(statuses).toEqual(["gone"]);
});

it("a check that fails is noted, and stops neither the others nor the destruction", async () => {
  const inspect = () => Promise.reject(new MachineError("command", "inspect: no apt-get", 1));
  const { evidence, statuses, types } = await drill(() => ({ inspect }));
  expect(evidence.failures).toEqual({
    1: "inspect: no apt-get",
    2: "inspect: no apt-get",
    7: "inspect: no apt-get",
  });
  expect(evidence.reboot?.backS).toBeGreaterThan(60);
  expect(evidence.memory?.cacheGib).toBeGreaterThan(6);
  expect(types).toContain("pass.finished");
  expect(statuses).toEqual(["gone"]);
});

it("a download that ends before it can be killed is noted, and the model measured all the same", async () => {
  const { evidence, types } = await drill((machine) => ({
    serverStatus: async (signal) => {
      const status = await machine.serverStatus(signal);
      return status.state === "downloading" ? { ...status, state: "starting" } : status;
    },
  }));
  expect(evidence.failures).toEqual({
    7: "the server is running: there was no download to kill",
  });
  expect(types).toContain("pass.finished");
});
