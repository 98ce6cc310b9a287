import { foldRun, openRentals } from "../run-state/fold-run.ts";
import type { Deadlines } from "./deadlines.ts";
import type { SweepPorts } from "./ports.ts";
import { isVmDeleted } from "../teardown/confirm-deleted.ts";

/**
 * What may have happened while this machine slept: another owner has come, or a reaper has destroyed what had expired.
 * A rental whose VM is gone ends at once, and is confirmed deleted like any other. @throws FencedError
 */
export async function reconcileAfterClockJump(
  ports: Pick<SweepPorts, "cloud" | "clock" | "journal" | "ownership">,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<void> {
  const { journal, ownership } = ports;
  ownership.assertCurrent();
  const open = openRentals(foldRun(journal.events()));
  const ends = open.map(async ({ label, stage, vmId }) => {
    if (vmId === undefined || stage === "destroying") return;
    if (await isVmDeleted(vmId, ports, signal))
      deadlines.end(label, new Error("its VM was destroyed in the meantime"));
  });
  await Promise.all(ends);
}
