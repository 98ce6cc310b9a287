import { foldRun, openRentals } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { costOf, foldLedger } from "../run-state/ledger.ts";
import type { RentalState, RunState } from "../run-state/run-state.ts";
import { listRuns, lockHome, runFolder } from "../journal/state-folder.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { usd } from "../support/money.ts";
import { simulatedStateDir } from "../run/locations.ts";
import { runClock } from "../run/run-folder/run-clock.ts";

/** A VM that `up` rented and whose deletion is not confirmed, as its journal describes it. */
export interface HeldVm {
  /** The session's name. */
  readonly name: string;
  readonly run: string;
  /** The real state folder, or the simulated one inside it. */
  readonly stateDir: string;
  readonly simulated: boolean;
  readonly state: RunState;
  readonly rental: RentalState;
  readonly spentUsd: number;
  readonly reservedUsd: number;
  /** Current time, milliseconds since the epoch; virtual for a simulated VM. */
  readonly nowMs: number;
}

/** @param stateDir the real state folder; simulated VMs are found in the one inside it */
export async function heldVms(stateDir: string): Promise<readonly HeldVm[]> {
  const found: HeldVm[] = [];
  for (const [folder, simulated] of [
    [stateDir, false],
    [simulatedStateDir(stateDir), true],
  ] as const) {
    for (const run of listRuns(folder)) {
      const path = runFolder(folder, run);
      // Only `up` starts a run with a lock of its own.
      if (lockHome(folder, run) !== path) continue;
      const state = foldRun(readJournal(path).events);
      const [rental] = openRentals(state);
      if (rental === undefined) continue;
      const nowMs = await runClock(path);
      found.push({
        name: state.opened?.plan ?? run,
        run,
        stateDir: folder,
        simulated,
        state,
        rental,
        spentUsd: usd(costOf(rental, nowMs)),
        reservedUsd: usd(foldLedger(state, nowMs).reservedMicroUsd),
        nowMs,
      });
    }
  }
  return found;
}

/**
 * Chooses the VM that the user names.
 * @param wanted a session's name or a run; undefined if only one VM is up
 * @throws SweepError exit 2 if there is no such VM, or the choice is ambiguous
 */
export function chooseHeldVm(held: readonly HeldVm[], wanted: string | undefined): HeldVm {
  const [first, another] = held;
  const found =
    wanted === undefined ? first : held.find(({ name, run }) => [name, run].includes(wanted));
  const names = held.map(({ name }) => name).join(", ");
  if (found === undefined) {
    throw new SweepError(wanted === undefined ? "no VM is up" : `${wanted} is not up`, {
      exitCode: ExitCode.usage,
      hint: names === "" ? "maider-sweep status shows earlier runs" : `VMs that are up: ${names}`,
    });
  }
  if (wanted === undefined && another !== undefined) {
    throw new SweepError("several VMs are up", {
      exitCode: ExitCode.usage,
      hint: `name one: ${names}`,
    });
  }
  return found;
}

/** One line that names the VMs that are up and their cost so far. @returns undefined if there are none */
export function heldWarning(held: readonly HeldVm[]): string | undefined {
  if (held.length === 0) return undefined;
  const each = held.map(
    ({ name, rental, spentUsd, simulated }) =>
      `${name} (${rental.gpu}, ${simulated ? "SIMULATED " : ""}$${spentUsd.toFixed(2)} so far)`,
  );
  return `up: ${each.join(", ")}; maider-sweep down destroys a VM`;
}
