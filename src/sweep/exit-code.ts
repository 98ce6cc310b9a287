import { CloudError } from "../cloud/cloud.ts";
import { isHeld, isUnsettled } from "../run-state/fold-run.ts";
import type { RunState } from "../run-state/run-state.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

/** The exit code of a run. A VM that may still be billed outranks everything else. */
export function exitCodeOf(
  state: RunState,
  end: { readonly interrupted: boolean; readonly crashed: unknown; readonly mayHold: boolean },
): ExitCode {
  // The VM is up because the user wants it, unless the run ended before that was achieved.
  if (end.mayHold && !end.interrupted && end.crashed === undefined && isHeld(state))
    return ExitCode.done;
  const billed = [...state.rentals.values()].some(({ settled }) => settled === undefined);
  // A firewall that is left to the guard costs nothing.
  if (end.interrupted && !billed) return ExitCode.interrupted;
  if (isUnsettled(state)) return ExitCode.stillBilled;
  if (end.crashed instanceof SweepError) return end.crashed.exitCode;
  if (end.crashed instanceof CloudError) return ExitCode.provider;
  if (end.crashed !== undefined) return ExitCode.bug;
  const measured = state.configurations.every(
    (configuration) => configuration.state === "measured",
  );
  return measured && state.notStarted.length === 0 ? ExitCode.done : ExitCode.incomplete;
}
