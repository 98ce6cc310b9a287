import { expect, it } from "vitest";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import { MachineError } from "../../../src/machine/machine.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { simulatedRental } from "./simulated-rental.ts";

const needsReboot: MachineFault = { vm: {}, action: "needs-reboot" };

it("a set-up that needs a reboot goes on in the next boot, while the old one still answers", async () => {
  const logins: string[] = [];
  await using rental = await simulatedRental({
    faults: [needsReboot],
    change: ({ machines }) => ({
      machines: {
        ...machines,
        connect: async (target, signal) => {
          const machine = await machines.connect(target, signal);
          logins.push((await machine.setupStatus(signal)).bootId);
          return machine;
        },
      },
    }),
  });
  await rental.bringUp();
  expect(rental.types()).toContain("machine.ready");
  expect(rental.reboots()).toBe(1);
  // At least one login after the request met the boot that was on its way out.
  expect(new Set(logins).size).toBe(2);
  expect(logins.indexOf(logins.at(-1) ?? "")).toBeGreaterThan(1);
});

it("a reboot that never happens ends the rental in its time, and says so", async () => {
  await using rental = await simulatedRental({
    faults: [needsReboot],
    change: ({ cloud }) => ({ cloud: { ...cloud, rebootVm: () => Promise.resolve() } }),
  });
  await expect(rental.bringUp()).rejects.toThrow(
    "the reboot that the set-up needs has not happened 8 minutes after it was requested",
  );
});

it("a VM that does not come back from its reboot ends the rental in its time", async () => {
  let down = false;
  await using rental = await simulatedRental({
    faults: [needsReboot],
    change: ({ cloud, machines }: SweepPorts) => ({
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
  const asked = rental.clock.now();
  await expect(rental.bringUp()).rejects.toThrow("no route to host");
  expect(rental.clock.now() - asked).toBeLessThan(30 * 60_000);
});

it("a driver that does not load after the reboot either gets no second one", async () => {
  await using rental = await simulatedRental({
    change: ({ machines }) => ({
      machines: {
        ...machines,
        connect: async (target, signal) => {
          const machine = await machines.connect(target, signal);
          return {
            ...machine,
            setupStatus: async (inner) => ({
              ...(await machine.setupStatus(inner)),
              state: "waiting",
              stage: "driver",
              rebootNeeded: true,
              reason: "the NVIDIA driver loads after a reboot only",
            }),
          };
        },
      },
    }),
  });
  await expect(rental.bringUp()).rejects.toThrow(
    "the set-up failed at driver: the NVIDIA driver loads after a reboot only",
  );
  expect(rental.reboots()).toBe(1);
});
