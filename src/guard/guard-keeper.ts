import { foldRun } from "../run-state/fold-run.ts";
import { OPEN_STAGES } from "../run-state/run-state.ts";
import type { Journal } from "../journal/events.ts";
import type { HeldOwnership } from "../lock/owner-lock.ts";
import { startGuard, type Guard, type StartGuard } from "./start-guard.ts";

/** Keeps a guard alive for as long as a run lasts. */
export interface GuardKeeper {
  pid(): number | undefined;
  /** Starts one, or another if the last one died, and journals it. @throws SweepError: then create nothing. */
  ensure(journal: Journal): Promise<void>;
  /** All is settled: lets it go. */
  release(): Promise<void>;
}

export function createGuardKeeper(
  options: Omit<StartGuard, "gen"> & { readonly ownership: HeldOwnership },
): GuardKeeper {
  const { ownership, ...order } = options;
  let guard: Guard | undefined;
  let starting: Promise<void> | undefined;
  let released = false;
  const start = async (journal: Journal): Promise<void> => {
    const started = await startGuard({ ...order, gen: ownership.gen });
    guard = started;
    await journal.append({ type: "guard.acknowledged", pid: started.pid });
    started.onExit(() => {
      if (released) return;
      // Started again at once where something may be billed, else before the next create.
      void journal
        .append({ type: "guard.lost", pid: started.pid })
        .then(() => (hasOpen(journal) ? ensure(journal) : undefined))
        .catch(() => undefined);
    });
  };
  const ensure = async (journal: Journal): Promise<void> => {
    if (guard?.alive() === true) return;
    starting ??= start(journal).finally(() => {
      starting = undefined;
    });
    await starting;
  };
  return {
    pid: () => (guard?.alive() === true ? guard.pid : undefined),
    ensure,
    async release() {
      released = true;
      await guard?.release();
    },
  };
}

function hasOpen(journal: Journal): boolean {
  return [...foldRun(journal.events()).rentals.values()].some(({ stage }) =>
    OPEN_STAGES.has(stage),
  );
}
