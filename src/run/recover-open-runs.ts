import { CloudError } from "../cloud/cloud.ts";
import { explainCloudError } from "../cloud/account-check.ts";
import { foldRun, openRentals } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import type { Ownership } from "../journal/events.ts";
import { livingOwner, type HeldOwnership } from "../lock/owner-lock.ts";
import { lockHome } from "../journal/state-folder.ts";
import { unfinishedRuns } from "../run-state/status.ts";
import { isoUtc } from "../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { createRedactor } from "../support/redact.ts";
import { openOrReport, lockOrProceed } from "../teardown/degraded-mode.ts";
import { recoverRun } from "../teardown/recover-run.ts";
import type { Recovery } from "../teardown/recover-run.ts";
import type { CommandCall } from "../cli/command.ts";
import { crashHookFor } from "./crash-hook-for.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { pendingHeartbeat, startHeartbeat } from "../guard/heartbeat.ts";
import { publishJournals } from "./publish-journals.ts";
import { onRepeatedInterrupt } from "../cli/repeated-signals.ts";
import { isWorldGone } from "../simulator/client/control-client.ts";
import { connectCloud } from "./wire.ts";

export interface RecoveredRun {
  readonly run: string;
  readonly recovery: Recovery;
}

/**
 * What a sweep does before anything else, with the lock held. @throws SweepError exit 6 when something of an earlier
 * run is not proved gone: beside a new sweep nobody would destroy it.
 */
export async function recoverBefore(
  target: CloudTarget,
  ownership: Ownership,
  call: CommandCall,
  except?: string,
): Promise<void> {
  const recovered = await recoverOpenRuns(target, ownership, call, { locked: true, except });
  const open = recovered.filter(({ recovery }) => recovery.outcome === "unproved");
  if (open.length === 0) return;
  const labels = open.flatMap(({ recovery }) => recovery.unproved);
  throw new SweepError("an earlier run may still be billed; nothing new is created", {
    exitCode: ExitCode.stillBilled,
    reason: `not proved gone: ${[...open.map(({ run }) => `run ${run}`), ...labels].join(", ")}`,
    hint: "maider-sweep recover, with a token of the account that they were rented with",
  });
}

/**
 * Brings every run of the state folder that its owner has left to its end, except for what is held; the lock is ours.
 * @throws SweepError exit 4 when the API refuses.
 */
export async function recoverOpenRuns(
  target: CloudTarget,
  ownership: Ownership,
  call: CommandCall,
  { locked, except }: { readonly locked: boolean; readonly except?: string | undefined },
): Promise<readonly RecoveredRun[]> {
  const done: RecoveredRun[] = [];
  for (const { run, folder, state } of unfinishedRuns(target.stateDir)) {
    if (run === except) continue;
    const apiUrl = state.opened?.api_url ?? target.apiUrl;
    const world = state.opened?.world ?? null;
    const elsewhere = world !== null && world !== target.simulated?.world;
    // A run of another simulated world is that world's: its guard destroys there; here only its end can be seen.
    if (elsewhere && !(await isWorldGone(apiUrl, world))) continue;
    const own = await ownerOf(run, target.stateDir, ownership);
    if (own === undefined) continue;
    const { signals, stderr } = call.terminal;
    const journal = await openOrReport(
      {
        folder,
        run,
        ownership: own,
        clock: target.clock,
        redact: createRedactor(target.token === undefined ? [] : [target.token]),
        crash: crashHookFor(target, call.terminal.env),
      },
      locked,
      (text) => stderr.write(`warning: ${text}\n`),
    );
    if (readJournal(folder).damaged)
      stderr.write(
        `warning: the journal of run ${run} is damaged: all that it names is destroyed\n`,
      );
    const goesOn = (): void => {
      stderr.write("destroying goes on until the proof; a third signal ends it\n");
    };
    signals.stop.addEventListener("abort", goesOn);
    const answered = onRepeatedInterrupt(call.terminal, () => ({
      state: foldRun(journal.events()),
      guard: undefined,
    }));
    const openVms = (): number => openRentals(foldRun(journal.events())).length;
    const heartbeat = startHeartbeat(pendingHeartbeat(folder), folder, openVms, target.clock);
    let ended = false;
    try {
      const recovery = await recoverRun({
        folder,
        cloud: connectCloud(target),
        ownership: own,
        journal,
        clock: target.clock,
        by: "recover",
        pid: process.pid,
        spareHeld: true,
        worldGone: world === null ? undefined : () => isWorldGone(apiUrl, world),
        patienceMs: ((call.options["destroyPatience"] as number | undefined) ?? 10) * 60_000,
        onAlarm: ({ label, message }) =>
          call.terminal.stderr.write(`warning: ${label}: ${message}\n`),
      });
      done.push({ run, recovery });
      ended = recovery.outcome === "closed" || recovery.outcome === "world_ended";
      await publishJournals(target.stateDir, [run]).catch((error: unknown) => {
        call.terminal.stderr.write(`warning: ${errorText(error)}\n`);
      });
    } catch (error) {
      throw error instanceof CloudError ? explainCloudError(error, `recover run ${run}`) : error;
    } finally {
      await heartbeat.end(ended);
      answered();
      signals.stop.removeEventListener("abort", goesOn);
      await journal.close();
      await own.release();
    }
  }
  return done;
}

/** What we hold, or the run's own lock where it has one; undefined while its owner lives: then it is not ours to end. */
async function ownerOf(
  run: string,
  stateDir: string,
  ownership: Ownership,
): Promise<HeldOwnership | undefined> {
  const home = lockHome(stateDir, run);
  if (home === stateDir) return { ...ownership, release: () => Promise.resolve() };
  if (livingOwner(home) !== undefined) return undefined;
  const request = { run, role: "recover", since: isoUtc(Date.now()) } as const;
  return (await lockOrProceed(home, request, () => undefined)).ownership;
}
