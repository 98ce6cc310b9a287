import { expect, it } from "vitest";
import type { ProbedVm, ProbeVm, RebootTimes } from "../../../src/sweep/probed-vm.ts";
import { simulatedSweep } from "../simulated-sweep.ts";

const probedBy = (probe: ProbeVm) => ({ change: () => ({ probe }) });

it("a VM that is probed is measured only as far as the probe asks, and destroyed", async () => {
  const seen: ProbedVm[] = [];
  await using sweep = await simulatedSweep(
    probedBy((vm) => {
      seen.push(vm);
      return Promise.resolve();
    }),
  );
  await sweep.run();
  expect(seen.map(({ gpuId, configurations }) => [gpuId, configurations.length])).toEqual([
    ["g2-gpu-rtx4000a1-s", 1],
  ]);
  expect(sweep.ofType("pass.finished")).toEqual([]);
  expect(sweep.ofType("rental.settled")).toHaveLength(1);
  expect(sweep.vms().map(({ status }) => status)).toEqual(["gone"]);
});

it("a VM whose probe throws is destroyed, and its configurations are not started for that reason", async () => {
  await using sweep = await simulatedSweep(
    probedBy(() => Promise.reject(new Error("the probe broke"))),
  );
  await sweep.run();
  expect(sweep.ofType("configuration.finished")).toMatchObject([
    { state: "not_started", reason: "the probe broke" },
  ]);
  expect(sweep.vms().map(({ status }) => status)).toEqual(["gone"]);
});

it("a probe can reboot the VM, which is back under another boot ID, and set up", async () => {
  const boots: string[] = [];
  let times: RebootTimes | undefined;
  await using sweep = await simulatedSweep(
    probedBy(async (vm) => {
      const boot = () => vm.run((machine) => machine.inspect(vm.signal));
      boots.push((await boot()).bootId);
      times = await vm.reboot();
      boots.push((await boot()).bootId);
      const setup = await vm.run((machine) => machine.setupStatus(vm.signal));
      expect(setup.state).toBe("done");
    }),
  );
  await sweep.run();
  expect(sweep.ofType("configuration.finished")).toEqual([]);
  expect(new Set(boots).size).toBe(2);
  // The shutdown takes 16 to 28 s, and there is a look every 5 s.
  expect(times?.lastSeenS).toBeGreaterThan(10);
  expect(times?.lastSeenS).toBeLessThan(29);
  expect(times?.backS).toBeGreaterThan(60);
});
