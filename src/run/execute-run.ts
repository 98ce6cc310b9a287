import { readClientKey, saveClientKey, type ClientKey } from "../journal/client-key.ts";
import type { Fact } from "../journal/events.ts";
import { packageVersion } from "../support/package-version.ts";
import { runSweep } from "../sweep/run-sweep.ts";
import type { Reusable } from "../sweep/rental/find-reusable.ts";
import type { SweepSettings } from "../sweep/settings.ts";
import { compareWithAccount } from "./compare-with-account.ts";
import type { OpenRun } from "./open-run.ts";
import { reclaimVms } from "./recovery/reclaim-vms.ts";
import type { RunContext } from "./run-context.ts";
import type { SavedRun } from "./run-folder/saved-run.ts";

/** The result of a sweep; all VMs are deleted, or could not be confirmed deleted. */
export interface SweepResult {
  /** The error that ended it early. */
  readonly error: unknown;
  /** Journals the account's charges since the start; does nothing if the account could not be read at the start. */
  readonly compareLedgers: () => Promise<void>;
}

/** Runs the sweep: journals the start, starts the guard, reuses or destroys existing VMs, then runs the rentals. Never throws. */
export async function executeRun(run: OpenRun, { reporter }: RunContext): Promise<SweepResult> {
  const { checked, failure, folder, guard, journal, ports, stop } = run;
  let compareLedgers = (): Promise<void> => Promise.resolve();
  const firstError = (error: unknown): unknown => (failure.aborted ? failure.reason : error);
  try {
    await journal.append(openingFact(run));
    await guard.ensure(journal);
    await reporter.started?.(run.run, folder);
    const reusable = checked.saved === undefined ? [] : await reclaim(run, checked.saved);
    if (reusable !== undefined) {
      compareLedgers = await compareWithAccount(ports);
      const { estimate } = checked;
      const clientKey = await clientKeyOf(run);
      await runSweep({ estimate, clientKey, reusable }, ports, sweepSettings(run), stop);
    }
    return { error: firstError(undefined), compareLedgers };
  } catch (error) {
    return { error: firstError(error), compareLedgers };
  }
}

function reclaim(
  { checked, folder, ports, stop }: OpenRun,
  { worldGone }: SavedRun,
): Promise<readonly Reusable[] | undefined> {
  const { estimate, request } = checked;
  const patienceMs = request.destroyPatienceMs;
  return reclaimVms({ folder, estimate, worldGone, patienceMs }, ports, stop);
}

/** The first fact of a new run, or of a resume. */
function openingFact({ checked, target }: OpenRun): Fact {
  const { account, cap, estimate, plan, saved } = checked;
  const world = target.simulated?.world;
  if (saved !== undefined) {
    const adopted = { type: "run.adopted", by: "resume", pid: process.pid } as const;
    if (!saved.worldGone || world === undefined) return adopted;
    return { ...adopted, moved: { world, api_url: target.apiUrl } };
  }
  const configurations = estimate.rentals.flatMap((rental) => rental.configurations);
  return {
    type: "run.opened",
    plan: plan.name,
    cap_micro_usd: cap,
    monthly_cap_micro_usd: plan.budget.monthlyCap ?? null,
    world: world ?? null,
    api_url: target.apiUrl,
    account: account.fingerprint,
    database: target.databaseFile,
    ssh_port: target.sshPort,
    gpus: [...new Set(plan.entries.map(({ gpu }) => gpu.id))],
    rentals: estimate.rentals.length,
    configurations: configurations.length,
    concurrency: plan.concurrency,
    passes: Math.max(...configurations.map(({ passes }) => passes)),
    total_passes: configurations.reduce((sum, { passes }) => sum + passes, 0),
    likely_micro_usd: estimate.likely.micros,
    worst_micro_usd: estimate.worst.micros,
    version: packageVersion(),
    pid: process.pid,
  };
}

function sweepSettings({
  checked,
  hubToken,
  leaveToGuard,
  run,
  streamInterval,
  target,
}: OpenRun): SweepSettings {
  const { cap, plan, request, sshCidrs } = checked;
  return {
    run,
    cap,
    monthlyCap: plan.budget.monthlyCap,
    maxCostPerEntry: plan.budget.maxCostPerEntry,
    concurrency: plan.concurrency,
    world: target.simulated?.world,
    sshPort: target.sshPort,
    sshCidrs,
    destroyPatienceMs: request.destroyPatienceMs,
    keepOnFailureMs: request.keepOnFailureMs,
    leaveHeld: request.subject.kind === "hold",
    streamInterval,
    allowRemoteCode: plan.allowRemoteCode,
    hfToken: hubToken,
    version: packageVersion(),
    skipFirewallWait: leaveToGuard,
  };
}

async function clientKeyOf({ folder, ports, run }: OpenRun): Promise<ClientKey> {
  const saved = readClientKey(folder);
  if (saved !== undefined) return saved;
  const key = ports.machines.newKey(`maider-sweep-${run}`);
  await saveClientKey(folder, key);
  return key;
}
