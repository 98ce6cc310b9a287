import { describe, expect, it } from "vitest";
import { CloudError } from "../../../src/cloud/cloud.ts";
import { type Machine, MachineError, type MachineFacts } from "../../../src/machine/machine.ts";
import type { ApiFault } from "../../../src/simulator/faults/fault-scripts.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { simulatedSweep, type SimulatedSweep } from "../simulated-sweep.ts";

const MINUTE = 60_000;
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const TWO_GPUS = `[{ gpu: g2-gpu-rtx4000a2-s, models: [${MODEL}] }]`;
const REBOOT = { method: "POST", path: "/reboot$" };

const needsReboot: MachineFault = { vm: {}, action: "needs-reboot" };
/** Machines that are otherwise than the simulated ones. */
const machinesWith =
  (change: (machine: Machine) => Partial<Machine>) =>
  ({ machines }: SweepPorts): Partial<SweepPorts> => ({
    machines: {
      ...machines,
      connect: async (target, signal) => {
        const machine = await machines.connect(target, signal);
        return { ...machine, ...change(machine) };
      },
    },
  });
const withFacts = (change: (facts: MachineFacts) => MachineFacts) =>
  machinesWith((machine) => ({ facts: async (signal) => change(await machine.facts(signal)) }));
const firstFailure = (sweep: SimulatedSweep): string =>
  sweep.ofType("rental.failed")[0]?.reason ?? "";
const requests = (sweep: SimulatedSweep, path: RegExp): number =>
  sweep.requests().filter((request) => path.test(request)).length;
const expectMeasuredOnOneVm = (sweep: SimulatedSweep): void => {
  expect(sweep.ofType("configuration.finished")).toMatchObject([{ state: "measured" }]);
  expect(sweep.vms()).toHaveLength(1);
};

describe("a machine is ready", () => {
  it("with the GPUs that its type is sold with", async () => {
    await using sweep = await simulatedSweep({ entries: TWO_GPUS });
    await sweep.run();
    expect(sweep.ofType("boot.running")).toHaveLength(1);
    expect(sweep.ofType("ssh.ready")).toHaveLength(1);
    expect(sweep.ofType("machine.ready")).toMatchObject([
      { gpu_name: "NVIDIA RTX 4000 Ada Generation" },
    ]);
  });

  it.each([0, 1, 4])("but not when it shows %i GPUs instead of two", async (gpus) => {
    await using sweep = await simulatedSweep({
      entries: TWO_GPUS,
      change: withFacts((facts) => ({
        ...facts,
        gpus: Array.from({ length: gpus }, () => facts.gpus[0]).filter((gpu) => gpu !== undefined),
      })),
    });
    await expect(sweep.run()).rejects.toThrow("2 VMs failed at the same stage");
    expect(firstFailure(sweep)).toBe(
      `nvidia-smi shows ${String(gpus)} GPUs, but g2-gpu-rtx4000a2-s has 2`,
    );
    expect(sweep.ofType("machine.ready")).toEqual([]);
  });

  it("but not when it shows another card than its type is sold with", async () => {
    const name = "NVIDIA RTX 4000 SFF Ada Generation";
    await using sweep = await simulatedSweep({
      change: withFacts((facts) => ({
        ...facts,
        gpus: facts.gpus.map((gpu) => ({ ...gpu, name })),
      })),
    });
    await expect(sweep.run()).rejects.toThrow("2 VMs failed at the same stage");
    expect(firstFailure(sweep)).toBe(
      `nvidia-smi shows ${name}, but g2-gpu-rtx4000a1-s has the RTX 4000 Ada`,
    );
    expect(sweep.ofType("machine.ready")).toEqual([]);
  });
});

describe("a VM without an IPv4 address", () => {
  /** The address is left out of the create's answer, and of as many looks. */
  const without = (looks: number) => {
    let left = looks;
    const targets: string[] = [];
    const change = ({ cloud, machines }: SweepPorts): Partial<SweepPorts> => ({
      cloud: {
        ...cloud,
        createVm: async (request) => ({ ...(await cloud.createVm(request)), ipv4: undefined }),
        getVm: async (id, signal) => {
          const vm = await cloud.getVm(id, signal);
          left -= 1;
          return vm && left >= 0 ? { ...vm, ipv4: undefined } : vm;
        },
      },
      machines: {
        ...machines,
        connect: (target, signal) => {
          targets.push(target.host);
          return machines.connect(target, signal);
        },
      },
    });
    return { change, targets };
  };

  it("is used once the API tells its address", async () => {
    const { change, targets } = without(2);
    await using sweep = await simulatedSweep({ change });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
    expect(new Set(targets)).toEqual(new Set([sweep.vms()[0]?.ipv4]));
  });

  it("is given up when it runs without one, and nothing is dialled", async () => {
    const { change, targets } = without(Infinity);
    await using sweep = await simulatedSweep({ change });
    await expect(sweep.run()).rejects.toThrow("2 VMs failed");
    expect(firstFailure(sweep)).toBe("it has no public IPv4 address");
    expect(targets).toEqual([]);
  });
});

describe("while a VM boots", () => {
  const seen404 = (count: number): ApiFault => ({
    match: { method: "GET", path: "^/linode/instances/\\d+$" },
    count,
    action: "status",
    status: 404,
  });

  it("two answers that do not know it cost nothing", async () => {
    await using sweep = await simulatedSweep({ faults: [seen404(2)] });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
  });

  it("one that is gone is given up", async () => {
    await using sweep = await simulatedSweep();
    sweep.after("create.acknowledged", 1, () => {
      const [vm] = sweep.vms();
      if (vm !== undefined) sweep.world.vms.remove("simulated", vm.id);
    });
    await sweep.run();
    expect(firstFailure(sweep)).toBe("the VM no longer exists");
    expect(sweep.ofType("entry.not_started")).toHaveLength(1);
  });

  it("an API that does not answer for 20 minutes is not needed: SSH tells that it is up", async () => {
    await using sweep = await simulatedSweep();
    sweep.after("create.acknowledged", 1, () => {
      sweep.faults.add([{ match: {}, count: -1, action: "status", status: 503 }]);
      void sweep.clock.sleep(20 * MINUTE).then(() => sweep.faults.clear());
    });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
    expect(sweep.ofType("boot.running")).toEqual([]);
  });

  it("one that has fallen back to offline is booted again, also when the request is refused at first", async () => {
    let boots = 0;
    await using sweep = await simulatedSweep({
      change: ({ cloud }) => ({
        cloud: {
          ...cloud,
          getVm: async (id, signal) => {
            const vm = await cloud.getVm(id, signal);
            return vm === undefined || boots >= 3 ? vm : { ...vm, status: "offline" };
          },
          bootVm: () => {
            boots += 1;
            return boots < 3
              ? Promise.reject(
                  new CloudError("rate_limit", "HTTP 429", { status: 429, sent: true }),
                )
              : Promise.resolve();
          },
        },
      }),
    });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
    expect(boots).toBe(3);
  });
});

describe("a set-up that needs a reboot", () => {
  it("goes on in the next boot, while the old one still answers", async () => {
    const boots: string[] = [];
    await using sweep = await simulatedSweep({
      machineFaults: [needsReboot],
      change: machinesWith((machine) => ({
        setupStatus: async (signal) => {
          const status = await machine.setupStatus(signal);
          boots.push(status.bootId);
          return status;
        },
      })),
    });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
    expect(requests(sweep, /^POST .*reboot$/)).toBe(1);
    expect(new Set(boots).size).toBe(2);
  });

  it.each<[string, Partial<ApiFault>, number]>([
    ["is busy", { action: "status", status: 400, count: 3 }, 4],
    ["limits the rate of requests", { action: "status", status: 429, count: 3 }, 4],
    ["carries it out, and its answer is lost", { action: "commit-then-drop" }, 1],
    ["never receives it", { action: "drop-before" }, 2],
  ])("is not given up when the API %s", async (_, fault, asked) => {
    await using sweep = await simulatedSweep({
      machineFaults: [needsReboot],
      faults: [{ match: REBOOT, action: "status", ...fault }],
    });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
    expect(requests(sweep, /^POST .*reboot$/)).toBe(asked);
  });

  it("waits for an API that is down for 20 minutes", async () => {
    await using sweep = await simulatedSweep({ machineFaults: [needsReboot] });
    sweep.after("setup.progressed", 4, () => {
      sweep.faults.add([{ match: {}, count: -1, action: "status", status: 503 }]);
      void sweep.clock.sleep(20 * MINUTE).then(() => sweep.faults.clear());
    });
    await sweep.run();
    expectMeasuredOnOneVm(sweep);
  });

  it("fails in its time when the reboot never happens", async () => {
    await using sweep = await simulatedSweep({
      machineFaults: [needsReboot],
      change: ({ cloud }) => ({ cloud: { ...cloud, rebootVm: () => Promise.resolve() } }),
    });
    await expect(sweep.run()).rejects.toThrow("same stage (setup at driver)");
    expect(firstFailure(sweep)).toBe(
      "the reboot that the set-up needs has not happened 8 minutes after it was requested: the old boot still answers",
    );
  });

  it("fails in its time when the VM does not come back", async () => {
    let down = false;
    await using sweep = await simulatedSweep({
      machineFaults: [needsReboot],
      change: ({ cloud, machines }) => ({
        cloud: {
          ...cloud,
          rebootVm: async (id) => {
            await cloud.rebootVm(id);
            down = true;
          },
        },
        machines: {
          ...machines,
          connect: (target, signal) =>
            down
              ? Promise.reject(new MachineError("unreachable", "no route to host"))
              : machines.connect(target, signal),
        },
      }),
    });
    await sweep.run();
    expect(firstFailure(sweep)).toContain("8 minutes after it was requested: no route to host");
  });

  it("gets no second one", async () => {
    await using sweep = await simulatedSweep({
      change: machinesWith((machine) => ({
        setupStatus: async (signal) => ({
          ...(await machine.setupStatus(signal)),
          state: "waiting",
          stage: "driver",
          rebootNeeded: true,
          reason: "the NVIDIA driver loads after a reboot only",
        }),
      })),
    });
    await expect(sweep.run()).rejects.toThrow("2 VMs failed");
    expect(firstFailure(sweep)).toBe(
      "the set-up failed at driver: the NVIDIA driver loads after a reboot only",
    );
    expect(requests(sweep, /^POST .*reboot$/)).toBe(sweep.vms().length);
  });
});
