import { readClientKey } from "../journal/client-key.ts";
import { interruptedPasses } from "../sweep/interrupted-passes.ts";
import { findReusable } from "../sweep/rental/find-reusable.ts";
import type { Reusable } from "../sweep/rental/find-reusable.ts";
import type { SweepPorts } from "../sweep/ports.ts";
import { recoverRun } from "../teardown/recover-run.ts";
import type { Execution } from "./execution.ts";

/**
 * Takes up a run that its owner has left: what still lives and serves is gone on with, everything else is destroyed
 * and settled under the run's own ledger, and passes that were cut are void.
 * @returns undefined when something is not proved gone: then nothing new may be created.
 */
export async function reclaimVms(
  { estimate, folder, sshCidrs, call, worldGone }: Execution,
  ports: SweepPorts,
  patienceMs: number,
): Promise<readonly Reusable[] | undefined> {
  const { cloud, clock, journal, ownership, onAlarm, random } = ports;
  for (const cut of interruptedPasses(journal.events())) await journal.append(cut);
  const keyIsThere = readClientKey(folder) !== undefined;
  const reusable =
    keyIsThere && !worldGone
      ? await findReusable(
          estimate.rentals,
          sshCidrs,
          { cloud, clock, events: journal.events() },
          call.terminal.signals.stop,
        )
      : [];
  const spared = new Set(reusable.map(({ rental }) => rental.label));
  const { outcome } = await recoverRun({
    folder,
    cloud,
    ownership,
    journal,
    clock,
    by: "resume",
    pid: process.pid,
    spareHeld: false,
    spare: ({ label }) => spared.has(label),
    worldGone: () => Promise.resolve(worldGone),
    patienceMs,
    onAlarm,
    random,
  });
  return outcome === "unproved" ? undefined : reusable;
}
