import { existsSync } from "node:fs";
import { explainCloudError } from "../../cloud/account-check.ts";
import { CloudError } from "../../cloud/cloud.ts";
import { HEARTBEAT, reportGone, tell } from "../../guard/heartbeat.ts";
import { serviceUrl } from "../../guard/service-url.ts";
import { recordReaperRun } from "../../guard/reaper-activity.ts";
import { parseLabel } from "../../journal/label.ts";
import { runFolder } from "../../journal/state-folder.ts";
import { reap, type Reaped } from "../../teardown/reap.ts";
import { openCloudTarget, type CloudTarget } from "../cloud-access/cloud-target.ts";
import type { RunContext } from "../run-context.ts";
import type { CloudTargetRequest } from "../run-request.ts";
import { connectCloud } from "../wire.ts";

export interface ReapRequest {
  readonly cloud: CloudTargetRequest;
  readonly heartbeatUrl: string | undefined;
  /** How long after its expiry a VM is deleted; undefined means the default of `reap`. */
  readonly graceMs: number | undefined;
  readonly dryRun: boolean;
}

/** Short, because the user is waiting, or a timer repeats the command in some minutes. */
const READ_PATIENCE_MS = 45_000;

/** Deletes our expired VMs, whichever machine rented them. @throws SweepError exit 4 */
export async function reapExpired(
  request: ReapRequest,
  { env, signals }: Pick<RunContext, "env" | "signals">,
): Promise<Reaped> {
  const { dryRun, graceMs } = request;
  const target = await openCloudTarget(request.cloud, env, true);
  const { clock, stateDir } = target;
  try {
    const cloud = connectCloud(target, READ_PATIENCE_MS);
    const reaped = await reap({ cloud, clock, graceMs, dryRun }, signals.stop);
    if (!dryRun) {
      await recordReaperRun(stateDir, clock.now());
      const url = serviceUrl(HEARTBEAT, request.heartbeatUrl, env, target.apiUrl);
      await reportEnded(reaped, target, url);
    }
    return reaped;
  } catch (error) {
    throw error instanceof CloudError
      ? explainCloudError(error, "list the VMs of the account")
      : error;
  } finally {
    target.simulated?.release();
  }
}

/** Tells the dead-man services: each run of this machine has saved its address; for others `url` is used. */
async function reportEnded(
  { alive, destroyed, failed, left }: Reaped,
  { stateDir }: CloudTarget,
  url: string | undefined,
): Promise<void> {
  const runOf = (label: string): string => parseLabel(label)?.run ?? "";
  const alsoOpen = new Set([...alive, ...failed.map(({ label }) => label), ...left].map(runOf));
  const ended = [...new Set(destroyed.map(runOf))].filter((run) => !alsoOpen.has(run));
  const folders = ended.map((run) => runFolder(stateDir, run));
  for (const folder of folders) await reportGone(folder);
  if (url !== undefined && folders.some((folder) => !existsSync(folder))) await tell(url, "gone");
}
