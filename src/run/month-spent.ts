import { foldRun } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { foldMonth } from "../run-state/ledger.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { MicroUsd } from "../support/money.ts";

/** What the other runs of a state folder have spent and reserved in this month. */
export function monthSpent(stateDir: string, run: string, nowMs: number): MicroUsd {
  const states = listRuns(stateDir)
    .filter((other) => other !== run)
    .map((other) => foldRun(readJournal(runFolder(stateDir, other)).events));
  const { spentMicroUsd, reservedMicroUsd } = foldMonth(states, 0, nowMs);
  return spentMicroUsd + reservedMicroUsd;
}
