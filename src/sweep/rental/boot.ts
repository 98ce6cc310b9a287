import { findGpuType } from "../../catalog/gpu-catalog.ts";
import { MachineError } from "../../machine/machine.ts";
import type { Machine, MachineTarget } from "../../machine/machine.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { connectWhenReady } from "./connect.ts";
import type { SweepPorts } from "../ports.ts";
import { reboot } from "./reboot.ts";
import type { RentedVm } from "./rented-vm.ts";

/**
 * From a VM that was created to one that can serve: powered on, reachable under its pinned key, set up.
 * @throws MachineError or CloudError with the stage that did not come, the signal's reason when it aborts.
 */
export async function bringUp(
  vm: RentedVm,
  target: MachineTarget,
  gpuId: string,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<Machine> {
  const { clock, journal, machines } = ports;
  const { label } = vm;
  const start = clock.now();
  await untilRunning(vm, ports, signal);
  await journal.append({ type: "boot.running", label, seconds: seconds(start, clock.now()) });
  let machine = await connectWhenReady(
    target,
    { connector: machines, clock, ceilingMs: TIMEOUTS.sshMs },
    signal,
  );
  await journal.append({ type: "ssh.ready", label, seconds: seconds(start, clock.now()) });
  try {
    const options = {
      clock,
      ceilingMs: TIMEOUTS.setupMs,
      onProgress: (status: {
        readonly stage: string;
        readonly index: number;
        readonly stages: number;
      }) => {
        const { stage, index, stages } = status;
        void journal
          .append({ type: "setup.progressed", label, stage, index, stages })
          .catch(() => undefined);
      },
    };
    let status = await machines.waitForSetup(machine, options, signal);
    if (status.rebootNeeded) {
      machine = await reboot(vm.vmId, target, { machine, bootId: status.bootId }, ports, signal);
      status = await machines.waitForSetup(machine, options, signal);
    }
    if (status.state !== "done") {
      throw new MachineError(
        "command",
        `the set-up failed at ${status.stage}: ${status.reason ?? "no reason given"}`,
      );
    }
    const facts = await machine.facts(signal);
    // Its figures would be taken for those of a type that it is not.
    const sold = findGpuType(gpuId)?.gpus;
    if (sold !== undefined && facts.gpus.length !== sold) {
      throw new MachineError(
        "command",
        `nvidia-smi shows ${String(facts.gpus.length)} GPUs where ${gpuId} is sold with ${String(sold)}`,
      );
    }
    await journal.append({
      type: "machine.ready",
      label,
      seconds: seconds(start, clock.now()),
      driver: facts.gpus[0]?.driver ?? "",
      gpu_name: facts.gpus[0]?.name ?? "",
      kernel: facts.kernel,
    });
    return machine;
  } catch (error) {
    void machine.close().catch(() => undefined);
    throw error;
  }
}

/** `running` is power on, no more; a VM that fell back to `offline` is booted once more. */
async function untilRunning(vm: RentedVm, ports: SweepPorts, signal: AbortSignal): Promise<void> {
  const { clock, cloud, ownership } = ports;
  const end = clock.now() + TIMEOUTS.bootMs;
  let offlineSince: number | undefined;
  for (;;) {
    const seen = await cloud.getVm(vm.vmId, signal);
    if (seen === undefined)
      throw new MachineError("unreachable", "the API does not know the VM any more");
    if (seen.status === "running") return;
    if (seen.status === "offline") {
      offlineSince ??= clock.now();
      if (clock.now() - offlineSince > 60_000) {
        ownership.assertCurrent();
        await cloud.bootVm(vm.vmId);
        offlineSince = undefined;
      }
    }
    if (clock.now() >= end) {
      throw new MachineError(
        "timeout",
        `it was still ${seen.status} ${String(TIMEOUTS.bootMs / 60_000)} minutes after its creation`,
      );
    }
    await clock.sleep(TIMEOUTS.pollMs, signal);
  }
}

function seconds(from: number, to: number): number {
  return Math.round(to - from) / 1000;
}
