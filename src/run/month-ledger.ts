import { statSync } from "node:fs";
import { join } from "node:path";
import { LockError } from "../journal/journal-errors.ts";
import { JOURNAL_FILE, readJournal } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { withWriterLock } from "../results/store/writer-lock.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { foldMonth } from "../run-state/ledger.ts";
import type { RunState } from "../run-state/run-state.ts";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import type { MonthLedger } from "../sweep/ports.ts";

/** The month ledger of a state folder. Journals of other runs are read again only when they have changed. */
export function createMonthLedger(stateDir: string, run: string, clock: Clock): MonthLedger {
  const cache = new Map<string, { readonly version: string; readonly state: RunState }>();
  const stateOf = (other: string): RunState => {
    const folder = runFolder(stateDir, other);
    const version = versionOf(folder);
    const cached = cache.get(other);
    if (cached?.version === version) return cached.state;
    const state = foldRun(readJournal(folder).events);
    cache.set(other, { version, state });
    return state;
  };
  const others = (): readonly RunState[] =>
    listRuns(stateDir)
      .filter((other) => other !== run)
      .map(stateOf);
  return {
    usedByOtherRuns() {
      const { spentMicroUsd, reservedMicroUsd } = foldMonth(others(), 0, clock.now());
      return spentMicroUsd + reservedMicroUsd;
    },
    lowestCapOfOtherRuns() {
      const open = others().filter(({ closed }) => closed === undefined);
      return Math.min(...open.map(({ opened }) => opened?.monthly_cap_micro_usd ?? Infinity));
    },
    async whileReserving(work) {
      let working: ReturnType<typeof work> | undefined;
      try {
        await withWriterLock(join(stateDir, "month"), async () => {
          working = work();
          // An error of the work is the caller's; only one of the lock becomes a LockError.
          await working.catch(() => undefined);
        });
      } catch (error) {
        throw new LockError(stateDir, errorText(error));
      }
      return working as ReturnType<typeof work>;
    },
  };
}

/** Changes when an event is appended or the journal is packed. */
function versionOf(folder: string): string {
  return [JOURNAL_FILE, `${JOURNAL_FILE}.gz`]
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
    .map((found) => (found === undefined ? "" : `${String(found.size)} ${String(found.mtimeMs)}`))
    .join(", ");
}
