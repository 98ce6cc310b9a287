import { explainCloudError } from "../../cloud/account-check.ts";
import { CloudError } from "../../cloud/cloud.ts";
import { pendingHeartbeat, startHeartbeat } from "../../guard/heartbeat.ts";
import type { Journal, Ownership } from "../../journal/events.ts";
import { lockHome } from "../../journal/state-folder.ts";
import { currentOwner, type HeldOwnership } from "../../lock/owner-lock.ts";
import { foldRun, openRentals } from "../../run-state/fold-run.ts";
import { unfinishedRuns, type UnfinishedRun } from "../../run-state/status.ts";
import { isWorldGone } from "../../simulator/client/control-client.ts";
import { createCleanup } from "../../support/cleanup.ts";
import { isoUtc } from "../../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { createRedactor } from "../../support/redact.ts";
import { takeOwnershipOrProceed, openJournalOrFallBack } from "../../teardown/degraded-mode.ts";
import { recoverRun, type Recovery } from "../../teardown/recover-run.ts";
import type { CloudTarget } from "../cloud-access/cloud-target.ts";
import { crashHookFor } from "../crash-hook-for.ts";
import { handleRepeatedInterrupts } from "../handle-repeated-interrupts.ts";
import { notifyOfEnd } from "../notify-of-end.ts";
import { publishRun } from "../records/publish-run.ts";
import type { RunContext } from "../run-context.ts";
import { connectCloud } from "../wire.ts";

export interface RecoveredRun {
  readonly run: string;
  readonly recovery: Recovery;
}

/**
 * Recovers earlier runs before a new sweep begins.
 * @param ownership the lock of the state folder
 * @throws SweepError exit 6 if a VM of an earlier run is not confirmed deleted, because nothing would destroy it during
 *   the new sweep
 */
export async function recoverEarlierRuns(
  target: CloudTarget,
  ownership: Ownership,
  patienceMs: number,
  context: RunContext,
  except?: string,
): Promise<void> {
  const options = { locked: true, patienceMs, except };
  const recovered = await recoverStateFolder(target, ownership, options, context);
  const open = recovered.filter(({ recovery }) => recovery.outcome === "unconfirmed");
  if (open.length === 0) return;
  const labels = open.flatMap(({ recovery }) => recovery.unconfirmed);
  throw new SweepError("an earlier run may still be billed; nothing new is created", {
    exitCode: ExitCode.stillBilled,
    reason: `not confirmed deleted: ${[...open.map(({ run }) => `run ${run}`), ...labels].join(", ")}`,
    hint: "maider-sweep recover, with a token of the account that they were rented with",
  });
}

interface RecoverOptions {
  /** Whether the lock of the state folder could be taken. */
  readonly locked: boolean;
  /** How long to wait until the VMs of a run are confirmed deleted. */
  readonly patienceMs: number;
  /** A run to leave alone. */
  readonly except?: string | undefined;
}

/**
 * Ends every run of the state folder that has no owner, except for VMs that are held for a user.
 * @param ownership the lock of the state folder
 * @throws SweepError exit 4 if the API refuses
 */
export async function recoverStateFolder(
  target: CloudTarget,
  ownership: Ownership,
  options: RecoverOptions,
  context: RunContext,
): Promise<readonly RecoveredRun[]> {
  const done: RecoveredRun[] = [];
  for (const unfinished of unfinishedRuns(target.stateDir)) {
    const { run, state } = unfinished;
    if (run === options.except) continue;
    const { api_url: apiUrl = target.apiUrl, world = null } = state.opened ?? {};
    const worldGone =
      world === null ? undefined : (): Promise<boolean> => isWorldGone(apiUrl, world);
    // A run in another simulated world cannot be recovered through this target; it is only closed if its world has ended.
    const isOtherWorld = world !== null && world !== target.simulated?.world;
    if (isOtherWorld && (await worldGone?.()) !== true) continue;
    const own = await ownerOf(run, target.stateDir, ownership);
    if (own === undefined) continue;
    try {
      const recovery = await recoverOne(unfinished, worldGone, own, target, options, context);
      done.push({ run, recovery });
    } catch (error) {
      throw error instanceof CloudError ? explainCloudError(error, `recover run ${run}`) : error;
    }
  }
  return done;
}

async function recoverOne(
  { damaged, folder, run }: UnfinishedRun,
  worldGone: (() => Promise<boolean>) | undefined,
  ownership: HeldOwnership,
  target: CloudTarget,
  { locked, patienceMs }: RecoverOptions,
  context: RunContext,
): Promise<Recovery> {
  const { env, reporter, signals } = context;
  await using cleanup = createCleanup();
  cleanup.defer(() => ownership.release());
  const journal = await openJournalOrFallBack(
    {
      folder,
      run,
      ownership,
      clock: target.clock,
      redact: createRedactor(target.token === undefined ? [] : [target.token]),
      crash: crashHookFor(target, env),
    },
    locked,
    (text) => reporter.warn(text),
  );
  cleanup.defer(() => journal.close());
  if (damaged)
    reporter.warn(`the journal of run ${run} is damaged: every VM that it names is destroyed`);
  const onStop = (): void => {
    reporter.note("still destroying until everything is confirmed deleted; a third signal ends it");
  };
  signals.stop.addEventListener("abort", onStop);
  cleanup.defer(() => signals.stop.removeEventListener("abort", onStop));
  const readState = () => ({ state: foldRun(journal.events()), guardPid: undefined });
  cleanup.defer(handleRepeatedInterrupts(context, readState));
  const heartbeat = startHeartbeat(
    pendingHeartbeat(folder),
    folder,
    () => openVms(journal),
    target.clock,
  );
  let ended = false;
  cleanup.defer(() => heartbeat.end(ended));
  const recovery = await recoverRun({
    folder,
    cloud: connectCloud(target),
    ownership,
    journal,
    clock: target.clock,
    by: "recover",
    pid: process.pid,
    excludeHeld: true,
    worldGone,
    patienceMs,
    onAlarm: (alarm) => reporter.alarm(alarm, "recover"),
  });
  ended = recovery.outcome === "closed" || recovery.outcome === "world_ended";
  await publishRun(folder).catch((error: unknown) => {
    reporter.warn(errorText(error));
  });
  const notSent = ended ? await notifyOfEnd(folder, target.clock.now()) : undefined;
  if (notSent !== undefined) reporter.warn(`no notification: ${notSent}`);
  return recovery;
}

function openVms(journal: Journal): number {
  return openRentals(foldRun(journal.events())).length;
}

/** The lock for a run: the state folder's, or the run's own if it has one; undefined if another process holds that. */
async function ownerOf(
  run: string,
  stateDir: string,
  ownership: Ownership,
): Promise<HeldOwnership | undefined> {
  const home = lockHome(stateDir, run);
  if (home === stateDir) return { ...ownership, release: () => Promise.resolve() };
  if (currentOwner(home) !== undefined) return undefined;
  const request = { run, role: "recover", since: isoUtc(Date.now()) } as const;
  return (await takeOwnershipOrProceed(home, request, () => undefined)).ownership;
}
