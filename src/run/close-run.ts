import { deleteClientKey } from "../journal/client-key.ts";
import { FencedError } from "../journal/journal-errors.ts";
import { readJournal } from "../journal/journal-file.ts";
import { foldRun, isUnsettled } from "../run-state/fold-run.ts";
import { foldLedger } from "../run-state/ledger.ts";
import type { Ledger, RunState } from "../run-state/run-state.ts";
import { isWorldGone } from "../simulator/client/control-client.ts";
import type { LinearTime } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { exitCodeOf } from "../sweep/exit-code.ts";
import type { SweepResult } from "./execute-run.ts";
import { notifyOfEnd } from "./notify-of-end.ts";
import type { OpenRun } from "./open-run.ts";
import type { RunContext } from "./run-context.ts";

/** The result of a run. */
export interface RunSummary {
  readonly run: string;
  readonly folder: string;
  readonly exitCode: ExitCode;
  readonly state: RunState;
  readonly ledger: Ledger;
  /** On the run's clock, milliseconds since the epoch. */
  readonly nowMs: number;
  readonly databaseFile: string;
  readonly simulated: boolean;
  /** The state folder with this run. */
  readonly stateDir: string;
  readonly sshPort: number;
  readonly time: LinearTime;
  /** Whether its VM is left up for the user. */
  readonly held: boolean;
  /** The guard, if it still has VMs to destroy or to watch. */
  readonly guardPid: number | undefined;
  /** Lines about records and notifications that could not be published or sent. */
  readonly problems: readonly string[];
  /** The error that ended it early, unless the exit code alone explains it. */
  readonly error: unknown;
}

/** Publishes the remaining records, journals the end of the run unless a VM may still be billed, and returns a summary. */
export async function closeRun(
  run: OpenRun,
  { compareLedgers, error }: SweepResult,
  { signals }: RunContext,
): Promise<RunSummary> {
  const { checked, folder, guard, heartbeat, leaveToGuard, journal, publisher, target } = run;
  // A newer owner's events are only on the disk.
  const fenced = error instanceof FencedError;
  if (!fenced) await endWithItsWorld(run);
  const state = foldRun(fenced ? readJournal(folder).events : journal.events());
  const interrupted = signals.stop.aborted;
  const leaveHeld = checked.request.subject.kind === "hold";
  const exitCode = exitCodeOf(state, { interrupted, crashed: error, mayHold: leaveHeld });
  const held = leaveHeld && exitCode === ExitCode.done;
  // After a second interrupt the guard deletes the firewall, publishes, and closes the run.
  const problems = await publisher.close(leaveToGuard);
  const closes = exitCode !== ExitCode.stillBilled && !(leaveToGuard.aborted && isUnsettled(state));
  if (closes && !held) {
    if (endedByItself(error) && !leaveToGuard.aborted)
      await compareLedgers().catch(() => undefined);
    const end = interrupted ? "interrupted" : endedByItself(error) ? "finished" : "crashed";
    await journal
      .append({ type: "run.closed", exit_code: exitCode, state: end })
      .catch(() => undefined);
    deleteClientKey(folder);
  }
  const notSent =
    fenced || held || leaveToGuard.aborted
      ? undefined
      : await notifyOfEnd(folder, target.clock.now(), exitCode);
  // The guard itself remains if a VM is held.
  if (closes) await guard.release();
  await heartbeat.end(!isUnsettled(state));
  const ownEnd = exitCode === ExitCode.stillBilled || exitCode === ExitCode.interrupted;
  const last = foldRun(fenced ? readJournal(folder).events : journal.events());
  const nowMs = target.clock.now();
  return {
    run: run.run,
    folder,
    exitCode,
    state: last,
    ledger: foldLedger(last, nowMs),
    nowMs,
    databaseFile: target.databaseFile,
    simulated: target.simulated !== undefined,
    stateDir: target.stateDir,
    sshPort: target.sshPort,
    time: target.time,
    held,
    guardPid: guard.pid(),
    problems: notSent === undefined ? problems : [...problems, `no notification: ${notSent}`],
    error: ownEnd ? undefined : error,
  };
}

/** A sweep that stops because no VM can come up has ended as it should. */
function endedByItself(error: unknown): boolean {
  return (
    error === undefined || (error instanceof SweepError && error.exitCode === ExitCode.incomplete)
  );
}

/** When a simulated world ends, its VMs end too and are no longer billed. */
async function endWithItsWorld({ journal, target }: OpenRun): Promise<void> {
  const { apiUrl, simulated } = target;
  if (simulated === undefined || !isUnsettled(foldRun(journal.events()))) return;
  if (await isWorldGone(apiUrl, simulated.world))
    await journal.append({ type: "world.ended", world: simulated.world }).catch(() => undefined);
}
