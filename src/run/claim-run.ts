import { newRunId, openStateFolder, runFolder } from "../journal/state-folder.ts";
import { currentOwner, takeOwnership, type HeldOwnership } from "../lock/owner-lock.ts";
import { isoUtc } from "../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { makeFolder } from "../support/make-folder.ts";
import type { CloudTarget } from "./cloud-access/cloud-target.ts";
import type { Preflight } from "./preflight/preflight.ts";
import { publishPending } from "./records/publish-run.ts";
import { recoverEarlierRuns } from "./recovery/recover-state-folder.ts";
import { applyRetention } from "./run-folder/retention.ts";
import type { RunContext } from "./run-context.ts";
import { saveSettings } from "./run-folder/saved-settings.ts";
import type { SavedRun } from "./run-folder/saved-run.ts";
import { savePlan } from "./run-folder/saved-plan.ts";

/** A run whose lock we hold. */
export interface ClaimedRun {
  readonly run: string;
  readonly folder: string;
  readonly ownership: HeldOwnership;
}

/**
 * Takes the lock and settles earlier runs.
 * @throws SweepError exit 7 if another process holds the lock, exit 6 if an earlier run may still be billed
 */
export async function claimRun(
  checked: Preflight,
  target: CloudTarget,
  streamInterval: number | undefined,
  context: RunContext,
): Promise<ClaimedRun> {
  const { plan, request, saved } = checked;
  const patienceMs = request.destroyPatienceMs;
  if (saved !== undefined) return claimSavedRun(saved, target, patienceMs, context);
  openStateFolder(target.stateDir);
  const run = newRunId();
  const folder = runFolder(target.stateDir, run);
  const leaveHeld = request.subject.kind === "hold";
  const ownership = await claimNewRun({ run, leaveHeld }, target, patienceMs, context);
  try {
    context.signals.stop.throwIfAborted();
    await savePlan(folder, plan);
    const { overrides, skipFresh } = request;
    await saveSettings(folder, { overrides, skipFresh, streamInterval });
    return { run, folder, ownership };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

/**
 * A run that leaves its VM up has a lock of its own, so that it and a sweep do not block each other. Unless a sweep holds
 * it, the lock of the state folder is taken while earlier runs are settled.
 */
async function claimNewRun(
  { run, leaveHeld }: { readonly run: string; readonly leaveHeld: boolean },
  target: CloudTarget,
  patienceMs: number,
  context: RunContext,
): Promise<HeldOwnership> {
  const { stateDir } = target;
  const onWait = (text: string): void => context.reporter.note(text);
  const request = { run, role: "sweep", since: isoUtc(Date.now()), onWait } as const;
  const busy = leaveHeld && currentOwner(stateDir) !== undefined;
  const ownership = busy ? undefined : await takeOwnership(stateDir, request);
  try {
    if (ownership !== undefined) await settleEarlierRuns(target, ownership, patienceMs, context);
    const folder = runFolder(stateDir, run);
    makeFolder(folder, 0o700);
    if (!leaveHeld && ownership !== undefined) return ownership;
    const own = await takeOwnership(folder, request);
    await ownership?.release();
    return own;
  } catch (error) {
    await ownership?.release();
    throw error;
  }
}

async function claimSavedRun(
  { damaged, folder, run }: SavedRun,
  target: CloudTarget,
  patienceMs: number,
  context: RunContext,
): Promise<ClaimedRun> {
  const since = isoUtc(Date.now());
  const onWait = (text: string): void => context.reporter.note(text);
  const ownership = await takeOwnership(target.stateDir, { run, role: "resume", since, onWait });
  try {
    const except = damaged ? undefined : run;
    await settleEarlierRuns(target, ownership, patienceMs, context, except);
    if (!damaged) return { run, folder, ownership };
    // The cost of the lost events is unknown, so no more may be spent.
    throw new SweepError(`the run ${run} cannot be resumed`, {
      exitCode: ExitCode.incomplete,
      reason: `its journal in ${folder} is damaged; the VMs that it names are destroyed`,
      hint: "run the plan again with --skip-fresh: it leaves out configurations with fresh results",
    });
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

/** Destroys the VMs of earlier runs, publishes their records, and packs the journals of old runs. */
async function settleEarlierRuns(
  target: CloudTarget,
  ownership: HeldOwnership,
  patienceMs: number,
  context: RunContext,
  except?: string,
): Promise<void> {
  const { stateDir } = target;
  await recoverEarlierRuns(target, ownership, patienceMs, context, except);
  try {
    await publishPending(stateDir);
  } catch (error) {
    // Not packed either, because the records of packed journals count as published.
    context.reporter.warn(errorText(error));
    return;
  }
  // A full disk must not prevent the run.
  await applyRetention(stateDir, Date.now()).catch(() => undefined);
}
