import { dirname } from "node:path";
import { isoUtc } from "../support/clock.ts";
import { usd } from "../support/money.ts";
import { isUnsettled, foldRun, openRentals } from "./fold-run.ts";
import { isJournalPacked, readJournal } from "../journal/journal-file.ts";
import { foldLedger } from "./ledger.ts";
import type { Owner } from "../lock/generation-files.ts";
import { currentOwner } from "../lock/owner-lock.ts";
import type { RunState } from "./run-state.ts";
import { listRuns, lockHome, runFolder } from "../journal/state-folder.ts";

/** One run as `status --json` prints it. Dollars, ISO 8601. */
export interface RunStatus {
  readonly run: string;
  readonly state: "running" | "stopping" | "finished" | "interrupted" | "crashed" | "unresolved";
  readonly pid: number | null;
  readonly guard_pid: number | null;
  readonly cap_usd: number;
  readonly spent_usd: number;
  readonly reserved_usd: number;
  /** Lines of its journal are missing or unreadable. */
  readonly damaged: boolean;
  readonly rentals: readonly {
    readonly label: string;
    readonly gpu: string;
    readonly region: string;
    readonly stage: string;
    readonly since: string;
    readonly expires: string;
  }[];
}

/** Reads the status of a run from its folder, without access to the cloud. */
export function runStatus(folder: string, nowMs: number): RunStatus {
  const { events, damaged } = readJournal(folder);
  const state = foldRun(events);
  const run = folder.slice(dirname(folder).length + 1);
  const lockOwner = currentOwner(lockHome(dirname(dirname(folder)), run));
  const owner = lockOwner?.run === run ? lockOwner : undefined;
  const ledger = foldLedger(state, nowMs);
  const runState = stateOf(state, damaged, owner, nowMs);
  const isActive = runState === "running" || runState === "stopping";
  return {
    run,
    state: runState,
    pid: isActive ? (owner?.process.pid ?? null) : null,
    guard_pid: state.closed === undefined ? (state.guardPid ?? null) : null,
    cap_usd: usd(ledger.capMicroUsd),
    spent_usd: usd(ledger.spentMicroUsd),
    reserved_usd: usd(ledger.reservedMicroUsd),
    damaged,
    rentals: [...state.rentals.values()].map((rental) => ({
      label: rental.label,
      gpu: rental.gpu,
      region: rental.region,
      stage: rental.stage,
      since: isoUtc(rental.sinceMs),
      expires: isoUtc(rental.expiresMs),
    })),
  };
}

/** A run that may need `recover`. */
export interface UnfinishedRun {
  readonly run: string;
  readonly folder: string;
  readonly state: RunState;
  readonly damaged: boolean;
}

/** Runs that are not closed and settled, oldest first. They include running ones. */
export function unfinishedRuns(stateDir: string): readonly UnfinishedRun[] {
  return listRuns(stateDir)
    .map((run) => ({ run, folder: runFolder(stateDir, run) }))
    .filter(({ folder }) => !isJournalPacked(folder))
    .map(({ run, folder }) => {
      const { events, damaged } = readJournal(folder);
      return { run, folder, state: foldRun(events), damaged };
    })
    .filter(({ state }) => state.closed === undefined || isUnsettled(state));
}

function stateOf(
  state: RunState,
  damaged: boolean,
  owner: Owner | undefined,
  nowMs: number,
): RunStatus["state"] {
  if (state.closed !== undefined && !isUnsettled(state)) return state.closed.state;
  if (owner !== undefined) {
    const ending = owner.role === "guard" || owner.role === "recover" || owner.role === "down";
    return ending || state.stopping !== undefined ? "stopping" : "running";
  }
  const open = openRentals(state);
  if (open.length > 0 && open.every(({ heldUntilMs }) => (heldUntilMs ?? 0) > nowMs)) {
    return "running";
  }
  return open.length > 0 || state.firewall?.gone === false || damaged ? "unresolved" : "crashed";
}
