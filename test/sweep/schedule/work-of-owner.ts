import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reclaimVms } from "../../../src/run/recovery/reclaim-vms.ts";
import type { Estimate } from "../../../src/estimate/estimate.ts";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { runSweep } from "../../../src/sweep/run-sweep.ts";
import type { SweepSettings } from "../../../src/sweep/settings.ts";
import { recoverRun } from "../../../src/teardown/recover-run.ts";
import { opened, RUN } from "../../journal/journal-rig.ts";
import { keyOf } from "./memory-machines.ts";
import { PATIENCE_MS } from "./plan-of-schedule.ts";
import type { Successor } from "./schedule.ts";

export const clientKey = keyOf("client");
export const folder = mkdtempSync(join(tmpdir(), RUN));

export interface Work {
  readonly estimate: Estimate;
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
  readonly stop: AbortSignal;
  readonly account: string;
}

/** What a process does from its start to its end: a sweep, a resume, a recovery. */
export async function workOf(who: Successor | undefined, work: Work): Promise<void> {
  const { estimate, ports, settings, stop } = work;
  const { journal } = ports;
  const sweep = async (reusable: Awaited<ReturnType<typeof reclaimVms>>): Promise<void> => {
    if (reusable === undefined) return;
    try {
      await runSweep({ estimate, clientKey, reusable }, ports, settings, stop);
    } finally {
      const state = foldRun(journal.events());
      const open = [...state.rentals.values()].some(({ settled }) => settled === undefined);
      if (!open && state.firewall?.gone !== false)
        await journal.append({ type: "run.closed", exit_code: 0, state: "finished" });
    }
  };
  if (who === undefined || journal.events().length === 0) {
    const gpus = estimate.rentals.map(({ gpuId }) => gpuId);
    const { cap } = settings;
    await journal.append({ ...opened, gpus, cap_micro_usd: cap, account: work.account });
    await sweep([]);
    return;
  }
  if (who.by === "resume") {
    await journal.append({ type: "run.adopted", by: "resume", pid: 1 });
    const left = { estimate, folder, worldGone: false };
    await sweep(await reclaimVms({ ...left, patienceMs: PATIENCE_MS }, ports, stop));
    return;
  }
  await recoverRun({
    ...ports,
    folder,
    by: who.by,
    pid: 1,
    excludeHeld: true,
    patienceMs: who.by === "guard" ? undefined : PATIENCE_MS,
  });
}
