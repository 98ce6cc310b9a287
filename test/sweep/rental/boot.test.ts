import { expect, it } from "vitest";
import type { Machine, SetupStatus } from "../../../src/machine/machine.ts";
import { bringUp } from "../../../src/sweep/rental/boot.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import type { RentedVm } from "../../../src/sweep/rental/rented-vm.ts";

const card = { name: "NVIDIA RTX 4000 Ada Generation", driver: "580.95.05" };
const done: SetupStatus = {
  state: "done",
  stage: "check",
  index: 5,
  stages: 5,
  rebootNeeded: false,
  reason: undefined,
};

function rig(gpus: number, statuses: readonly SetupStatus[] = [done]) {
  const facts: string[] = [];
  const calls: string[] = [];
  const left = [...statuses];
  const machine = {
    facts: () =>
      Promise.resolve({ gpus: Array.from({ length: gpus }, () => card), kernel: "6.8.0" }),
    close: () => {
      calls.push("close");
      return Promise.resolve();
    },
  } as unknown as Machine;
  const ports = {
    clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() },
    ownership: { assertCurrent: () => undefined },
    journal: {
      append: ({ type }: { type: string }) => {
        facts.push(type);
        return Promise.resolve();
      },
    },
    cloud: {
      getVm: () => Promise.resolve({ status: "running" }),
      rebootVm: () => {
        calls.push("reboot");
        return Promise.resolve();
      },
    },
    machines: {
      connect: () => Promise.resolve(machine),
      waitForSetup: () => Promise.resolve(left.shift()),
    },
  } as unknown as SweepPorts;
  const up = () =>
    bringUp(
      { label: "vm", vmId: 1 } as RentedVm,
      { label: "vm", host: "127.0.0.1", port: 22, hostKey: "", clientKey: "" },
      "g2-gpu-rtx4000a2-s",
      ports,
      new AbortController().signal,
    );
  return { up, facts, calls };
}

it("a machine with the GPUs that its type is sold with is ready", async () => {
  const { up, facts } = rig(2);
  await up();
  expect(facts).toEqual(["boot.running", "ssh.ready", "machine.ready"]);
});

it.each([0, 1, 4])("a machine that shows %i GPUs instead of two measures nothing", async (gpus) => {
  const { up, facts, calls } = rig(gpus);
  await expect(up()).rejects.toThrow(
    `nvidia-smi shows ${String(gpus)} GPUs where g2-gpu-rtx4000a2-s is sold with 2`,
  );
  expect(facts).not.toContain("machine.ready");
  expect(calls).toEqual(["close"]);
});

it("a driver that loads after a reboot only is waited for, and one reboot is all it gets", async () => {
  const withPrompt: SetupStatus = {
    ...done,
    state: "waiting",
    stage: "driver",
    rebootNeeded: true,
  };
  const good = rig(2, [withPrompt, done]);
  await good.up();
  expect(good.calls).toEqual(["close", "reboot"].toReversed());
  const reason = "the NVIDIA driver loads after a reboot only";
  const bad = rig(2, [withPrompt, { ...withPrompt, reason }]);
  await expect(bad.up()).rejects.toThrow(`the set-up failed at driver: ${reason}`);
  expect(bad.calls.filter((call) => call === "reboot")).toHaveLength(1);
});
