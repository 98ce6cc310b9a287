import { openStateFolder } from "../../journal/state-folder.ts";
import { unfinishedRuns } from "../../run-state/status.ts";
import { isWorldGone } from "../../simulator/client/control-client.ts";
import { isoUtc } from "../../support/clock.ts";
import { takeOwnershipOrProceed } from "../../teardown/degraded-mode.ts";
import {
  endedWorldTarget,
  openCloudTarget,
  type CloudTarget,
} from "../cloud-access/cloud-target.ts";
import { simulatedStateDir } from "../locations.ts";
import { recoverStateFolder, type RecoveredRun } from "./recover-state-folder.ts";
import type { RunContext } from "../run-context.ts";
import type { CloudTargetRequest, RunRequest } from "../run-request.ts";

export interface RecoveredRuns {
  readonly runs: readonly RecoveredRun[];
  /** Simulated runs whose journal has lost the address of their cloud. */
  readonly skipped: readonly string[];
}

/**
 * Destroys the VMs of crashed runs, real and simulated, and closes the runs.
 * @throws SweepError exit 4 if an API refuses, exit 7 if a sweep is running
 */
export async function recoverAll(
  request: Pick<RunRequest, "cloud" | "destroyPatienceMs">,
  context: RunContext,
): Promise<RecoveredRuns> {
  const { cloud, destroyPatienceMs: patienceMs } = request;
  const runs: RecoveredRun[] = [];
  for (const target of await targetsOf(cloud, context.env)) {
    openStateFolder(target.stateDir);
    const { ownership, locked } = await takeOwnershipOrProceed(
      target.stateDir,
      { run: "recover", role: "recover", since: isoUtc(Date.now()) },
      (text) => context.reporter.warn(text),
    );
    try {
      runs.push(...(await recoverStateFolder(target, ownership, { locked, patienceMs }, context)));
    } finally {
      await ownership.release();
    }
  }
  const skipped = unfinishedRuns(simulatedStateDir(cloud.locations.stateDir))
    .filter(({ state }) => state.opened === undefined)
    .map(({ run }) => run);
  return { runs, skipped };
}

/** The real cloud if a real run is open, and each simulated world with an open run. */
async function targetsOf(
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
): Promise<readonly CloudTarget[]> {
  if (request.simulate !== undefined || request.apiUrl !== undefined)
    return [await openCloudTarget(request, env, true)];
  const { stateDir } = request.locations;
  const targets: CloudTarget[] = [];
  if (unfinishedRuns(stateDir).length > 0) targets.push(await openCloudTarget(request, env, true));
  const worlds = new Map<string, string | null>();
  for (const { state } of unfinishedRuns(simulatedStateDir(stateDir))) {
    if (state.opened !== undefined) worlds.set(state.opened.api_url, state.opened.world);
  }
  for (const [url, world] of worlds) {
    if (world === null || (await isWorldGone(url, world))) continue;
    targets.push(await openCloudTarget({ ...request, simulate: url }, env, true));
    worlds.delete(url);
  }
  // The remaining worlds have ended, so their runs only have to be closed.
  if (worlds.size > 0) targets.push(endedWorldTarget(request.locations));
  return targets;
}
