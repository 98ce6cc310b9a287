import { type Machine, MachineError, type MachineTarget } from "../../machine/machine.ts";
import type { SweepPorts } from "../ports.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { connectWhenReady } from "./connect.ts";

/**
 * Reboots a VM through the API and logs in to its next boot. The request only queues the reboot: until the shutdown is
 * over, SSH reaches the old boot, whose set-up state says nothing of the new one, so the boot id has to differ.
 * @param bootId of the boot that is to end. @throws MachineError when it does not come back in `TIMEOUTS.rebootMs`
 */
export async function reboot(
  vmId: number,
  target: MachineTarget,
  old: { readonly machine: Machine; readonly bootId: string },
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<Machine> {
  const { cloud, clock, machines, ownership } = ports;
  ownership.assertCurrent();
  await cloud.rebootVm(vmId);
  await old.machine.close().catch(() => undefined);
  const end = clock.now() + TIMEOUTS.rebootMs;
  for (;;) {
    const ceilingMs = Math.max(0, end - clock.now());
    const machine = await connectWhenReady(
      target,
      { connector: machines, clock, ceilingMs },
      signal,
    );
    try {
      if ((await machine.setupStatus(signal)).bootId !== old.bootId) return machine;
    } catch (error) {
      // The old boot goes down while it is asked.
      if (signal.aborted || !(error instanceof MachineError)) {
        void machine.close().catch(() => undefined);
        throw error;
      }
    }
    await machine.close().catch(() => undefined);
    if (clock.now() >= end) {
      throw new MachineError(
        "timeout",
        `the reboot that the set-up needs has not happened ${String(TIMEOUTS.rebootMs / 60_000)} minutes after it was requested`,
      );
    }
    await clock.sleep(TIMEOUTS.pollMs, signal);
  }
}
