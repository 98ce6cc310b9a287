import { foldRun, openRentals } from "../run-state/fold-run.ts";
import type { Deadlines } from "./deadlines.ts";
import type { SweepPorts } from "./ports.ts";

/**
 * What may have happened while this machine slept: another owner has come, or a reaper has destroyed what had expired.
 * A rental whose VM is gone ends at once, and is proved gone like any other. @throws FencedError
 */
export async function reconcileAfterClockJump(
  { cloud, journal, ownership }: SweepPorts,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<void> {
  ownership.assertCurrent();
  for (const { label, stage, vmId } of openRentals(foldRun(journal.events()))) {
    if (vmId === undefined || stage === "destroying") continue;
    // An API that does not answer says nothing of the VM.
    const seen = await cloud.getVm(vmId, signal).catch(() => null);
    if (seen === undefined) deadlines.end(label, new Error("its VM was destroyed in the meantime"));
  }
}
