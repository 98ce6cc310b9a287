import type { Estimate } from "../../estimate/estimate.ts";
import { readClientKey } from "../../journal/client-key.ts";
import { interruptedPasses } from "../../sweep/recorded-passes.ts";
import type { SweepPorts } from "../../sweep/ports.ts";
import { findReusable, type Reusable } from "../../sweep/rental/find-reusable.ts";
import { recoverRun } from "../../teardown/recover-run.ts";

export interface ReclaimRequest {
  /** The folder of the run that is resumed. */
  readonly folder: string;
  /** The remaining work. */
  readonly estimate: Estimate;
  /** Whether its simulated world has ended, with all VMs. */
  readonly worldGone: boolean;
  /** How long to wait until the other VMs are confirmed deleted. */
  readonly patienceMs: number;
}

/**
 * Takes over the VMs of a run that is resumed: finds those that can be reused, destroys the others, and declares
 * unfinished passes void.
 * @returns the VMs to reuse; undefined if a VM is not confirmed deleted, so that no more may be rented
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
  const reused = new Set(reusable.map(({ rental }) => rental.label));
  const { outcome } = await recoverRun({
    folder,
    cloud,
    ownership,
    journal,
    clock,
    by: "resume",
    pid: process.pid,
    excludeHeld: false,
    exclude: ({ label }) => reused.has(label),
    worldGone: () => Promise.resolve(worldGone),
    patienceMs,
    onAlarm,
    random,
  });
  return outcome === "unconfirmed" ? undefined : reusable;
}
