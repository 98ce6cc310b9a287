import { foldRun, openRentals } from "../run-state/fold-run.ts";
import type { Deadlines } from "./deadlines.ts";
import type { SweepPorts } from "./ports.ts";
import { isVmDeleted } from "../teardown/confirm-deleted.ts";

/**
 * Checks for changes while this machine slept: another process may have taken ownership, or a reaper may have deleted
 * expired VMs. A rental whose VM is deleted ends at once. @throws FencedError
 */
export async function reconcileAfterClockJump(
  ports: Pick<SweepPorts, "cloud" | "clock" | "journal" | "ownership">,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<void> {
  const { journal, ownership } = ports;
  ownership.assertCurrent();
  const open = openRentals(foldRun(journal.events()));
  const checks = open.map(async ({ label, stage, vmId }) => {
    if (vmId === undefined || stage === "destroying") return;
    if (await isVmDeleted(vmId, ports, signal))
      deadlines.end(label, new Error("its VM was destroyed in the meantime"));
  });
  await Promise.all(checks);
}
