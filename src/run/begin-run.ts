import { applyRetention } from "./retention.ts";
import { livingOwner, takeOwnership, type HeldOwnership } from "../lock/owner-lock.ts";
import { runFolder } from "../journal/state-folder.ts";
import { isoUtc } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { makeFolder } from "../support/make-folder.ts";
import type { CommandCall } from "../cli/command.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { publishJournals } from "./publish-journals.ts";
import { recoverBefore } from "./recover-open-runs.ts";

/**
 * Takes the state folder's lock, brings to their end what former runs have left, and makes the run's folder. A run that
 * holds its VM has a lock of its own, so that neither it nor a sweep keeps the other from anything.
 */
export async function beginRun(
  run: string,
  target: CloudTarget,
  call: CommandCall,
  apart: boolean,
): Promise<HeldOwnership> {
  const since = isoUtc(Date.now());
  const role = "sweep";
  const busy = apart && livingOwner(target.stateDir) !== undefined;
  const ownership = busy ? undefined : await takeOwnership(target.stateDir, { run, role, since });
  try {
    if (ownership !== undefined) await recoverBefore(target, ownership, call);
    await publishJournals(target.stateDir).catch((error: unknown) => {
      call.terminal.stderr.write(`warning: ${errorText(error)}\n`);
    });
    // A packed journal that cannot be made for want of room keeps nobody from a run.
    if (ownership !== undefined)
      await applyRetention(target.stateDir, Date.now()).catch(() => undefined);
    const folder = runFolder(target.stateDir, run);
    makeFolder(folder, 0o700);
    if (!apart && ownership !== undefined) return ownership;
    const own = await takeOwnership(folder, { run, role, since });
    await ownership?.release();
    return own;
  } catch (error) {
    await ownership?.release();
    throw error;
  }
}
