import type { Estimate } from "../../estimate/estimate.ts";
import { readClientKey } from "../../journal/client-key.ts";
import { interruptedPasses } from "../../sweep/recorded-passes.ts";
import type { SweepPorts } from "../../sweep/ports.ts";
import { findReusable, type Reusable } from "../../sweep/rental/find-reusable.ts";
import { recoverRun } from "../../teardown/recover-run.ts";

/** A run that its owner has left, and what is still to be done of it. */
export interface ReclaimRequest {
  readonly folder: string;
  readonly estimate: Estimate;
  /** Its simulated world has ended, with all VMs. */
  readonly worldGone: boolean;
  /** How long to wait for the proof that its other VMs are gone. */
  readonly patienceMs: number;
}

/**
 * VMs that are still serving are reused; all others are destroyed and charged to this run. Passes that were cut off are
 * void.
 * @returns undefined when something is not confirmed deleted: then nothing new may be created.
 */
export async function reclaimVms(
  { estimate, folder, patienceMs, worldGone }: ReclaimRequest,
  ports: SweepPorts,
  stop: AbortSignal,
): Promise<readonly Reusable[] | undefined> {
  const { cloud, clock, journal, onAlarm, ownership, random } = ports;
  for (const cut of interruptedPasses(journal.events())) await journal.append(cut);
  const reachable = readClientKey(folder) !== undefined && !worldGone;
  const reusable = reachable
    ? await findReusable(estimate.rentals, { cloud, clock, events: journal.events() }, stop)
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
    excludeHeld: false,
    exclude: ({ label }) => spared.has(label),
    worldGone: () => Promise.resolve(worldGone),
    patienceMs,
    onAlarm,
    random,
  });
  return outcome === "unconfirmed" ? undefined : reusable;
}
