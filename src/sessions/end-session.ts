import { explainCloudError } from "../cloud/account-check.ts";
import { CloudError } from "../cloud/cloud.ts";
import { reportGone } from "../guard/heartbeat.ts";
import { deleteClientKey } from "../journal/client-key.ts";
import { openJournal, readJournal } from "../journal/journal-file.ts";
import { runFolder } from "../journal/state-folder.ts";
import { takeOwnership } from "../lock/owner-lock.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { foldLedger } from "../run-state/ledger.ts";
import {
  endedWorldTarget,
  openCloudTarget,
  type CloudTarget,
} from "../run/cloud-access/cloud-target.ts";
import type { RunContext } from "../run/run-context.ts";
import type { CloudTargetRequest } from "../run/run-request.ts";
import { connectCloud } from "../run/wire.ts";
import { isWorldGone } from "../simulator/client/control-client.ts";
import { createCleanup } from "../support/cleanup.ts";
import { isoUtc } from "../support/clock.ts";
import { isLoopback } from "../support/loopback.ts";
import type { MicroUsd } from "../support/money.ts";
import { createRedactor } from "../support/redact.ts";
import { recoverRun, type Recovery } from "../teardown/recover-run.ts";
import { listSessions, sessionFolders } from "./find-session.ts";
import type { HeldVm } from "./held-vms.ts";
import { removeSession } from "./write-session.ts";

export interface SessionEnd {
  /** `unconfirmed`: the VM may still exist, and its guard continues to destroy it. */
  readonly outcome: Recovery["outcome"];
  readonly spentMicroUsd: MicroUsd;
}

/**
 * Destroys a VM that is up, confirms the deletion, settles its cost and removes its session.
 * @param workingDirectory the folder whose `.aider-env` link is removed if it points into the session
 * @throws SweepError exit 4 if the API refuses, exit 7 if another process owns the run
 */
export async function endSession(
  vm: HeldVm,
  request: { readonly cloud: CloudTargetRequest; readonly destroyPatienceMs: number },
  context: RunContext,
  workingDirectory: string,
): Promise<SessionEnd> {
  const end = await destroyVm(vm, request, context);
  if (end.outcome === "unconfirmed") return end;
  const folders = sessionFolders(context.env, request.cloud.locations.stateDir);
  for (const session of listSessions(folders))
    if (session.rental?.run === vm.run) removeSession(session, workingDirectory);
  return end;
}

async function destroyVm(
  vm: HeldVm,
  request: { readonly cloud: CloudTargetRequest; readonly destroyPatienceMs: number },
  { env, reporter }: RunContext,
): Promise<SessionEnd> {
  const { name, run, stateDir } = vm;
  const { target, worldEnded } = await openTarget(vm, request.cloud, env);
  const folder = runFolder(stateDir, run);
  await using cleanup = createCleanup();
  const since = isoUtc(Date.now());
  const onWait = (text: string): void => reporter.note(text);
  const ownership = await takeOwnership(folder, { run, role: "down", since, onWait });
  cleanup.defer(() => ownership.release());
  const { clock, token } = target;
  const redact = createRedactor(token === undefined ? [] : [token]);
  const journal = await openJournal({ folder, run, ownership, clock, redact });
  cleanup.defer(() => journal.close());
  reporter.note(`destroying ${vm.rental.label}; waiting until its deletion is confirmed`);
  try {
    const { outcome } = await recoverRun({
      folder,
      cloud: connectCloud(target),
      ownership,
      journal,
      clock,
      by: "down",
      pid: process.pid,
      excludeHeld: false,
      reason: "down",
      worldGone: () => Promise.resolve(worldEnded),
      patienceMs: request.destroyPatienceMs,
      onAlarm: (alarm) => reporter.alarm(alarm, "down"),
    });
    if (outcome !== "unconfirmed") {
      deleteClientKey(folder);
      await reportGone(folder);
    }
    const { spentMicroUsd } = foldLedger(foldRun(readJournal(folder).events), clock.now());
    return { outcome, spentMicroUsd };
  } catch (error) {
    throw error instanceof CloudError ? explainCloudError(error, `destroy ${name}`) : error;
  }
}

/** Opens the cloud that the VM's journal names. */
async function openTarget(
  { state }: HeldVm,
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly target: CloudTarget; readonly worldEnded: boolean }> {
  const { api_url: apiUrl = "", world = null } = state.opened ?? {};
  if (world !== null && (await isWorldGone(apiUrl, world)))
    return { target: endedWorldTarget(request.locations), worldEnded: true };
  const targetRequest =
    world !== null
      ? { ...request, simulate: apiUrl }
      : { ...request, apiUrl: request.apiUrl ?? (isLoopback(apiUrl) ? apiUrl : undefined) };
  return { target: await openCloudTarget(targetRequest, env, true), worldEnded: false };
}
