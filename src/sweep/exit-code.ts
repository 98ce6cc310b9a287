import { CloudError } from "../cloud/cloud.ts";
import { isHeld, isUnsettled } from "../run-state/fold-run.ts";
import type { RunState } from "../run-state/run-state.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

/** What a run's end says to its caller. A VM that may still be billed outranks everything. */
export function exitCodeOf(
  state: RunState,
  end: { readonly interrupted: boolean; readonly crashed: unknown; readonly mayHold: boolean },
): ExitCode {
  // Left so on purpose; a hold that was cut short is none.
  if (end.mayHold && !end.interrupted && end.crashed === undefined && isHeld(state))
    return ExitCode.done;
  const billed = [...state.rentals.values()].some(({ settled }) => settled === undefined);
  // A firewall that a second interrupt has left to the guard costs nothing.
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
