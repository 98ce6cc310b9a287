import { sendNotification } from "../guard/notification.ts";
import { readJournal } from "../journal/journal-file.ts";
import { foldRun, openRentals } from "../run-state/fold-run.ts";
import { foldLedger } from "../run-state/ledger.ts";
import type { RunState } from "../run-state/run-state.ts";
import type { ExitCode } from "../support/errors.ts";
import { usd } from "../support/money.ts";
import { runResult, type RunResult } from "./run-folder/run-result.ts";

/** What `--notify` posts. Dollars. */
export interface EndOfRun extends RunResult {
  readonly run: string;
  readonly plan: string | null;
  readonly simulated: boolean;
  /** `unresolved` while a VM may still be billed. */
  readonly state: "finished" | "interrupted" | "crashed" | "unresolved";
  readonly exit_code: number | null;
  readonly spent_usd: number;
  readonly cap_usd: number;
  /** Labels of the VMs that are not confirmed deleted. */
  readonly still_billed: readonly string[];
}

/**
 * Notifies the user's service that a run has ended, if one is set and no other process has notified it.
 * @param nowMs on the run's clock, milliseconds since the epoch
 * @param exitCode undefined means the one in the journal
 * @returns why the notification was not sent
 */
export function notifyOfEnd(
  folder: string,
  nowMs: number,
  exitCode?: ExitCode,
): Promise<string | undefined> {
  return sendNotification(folder, () =>
    endOfRun(foldRun(readJournal(folder).events), nowMs, exitCode),
  );
}

export function endOfRun(state: RunState, nowMs: number, exitCode?: ExitCode): EndOfRun {
  const ledger = foldLedger(state, nowMs);
  const open = openRentals(state).map(({ label }) => label);
  return {
    run: state.run,
    plan: state.opened?.plan ?? null,
    simulated: (state.opened?.world ?? null) !== null,
    state: open.length > 0 ? "unresolved" : (state.closed?.state ?? "crashed"),
    exit_code: exitCode ?? state.closed?.exit_code ?? null,
    ...runResult(state),
    spent_usd: usd(ledger.spentMicroUsd),
    cap_usd: usd(ledger.capMicroUsd),
    still_billed: open,
  };
}
