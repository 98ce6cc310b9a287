import { foldRun } from "../run-state/fold-run.ts";
import { OPEN_STAGES } from "../run-state/run-state.ts";
import type { Journal } from "../journal/events.ts";
import type { HeldOwnership } from "../lock/owner-lock.ts";
import { startGuard, type Guard, type StartGuard } from "./start-guard.ts";

/** Keeps a guard running during a run. */
export interface GuardKeeper {
  pid(): number | undefined;
  /** Starts a guard if none is running, and journals that. @throws SweepError; no VM may be created then */
  ensure(journal: Journal): Promise<void>;
  /** Tells the guard that the run has ended. */
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
      // If something may be billed, start another one at once; otherwise before the next create.
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
