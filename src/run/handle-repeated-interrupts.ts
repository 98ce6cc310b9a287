import { openRentals } from "../run-state/fold-run.ts";
import type { RunState } from "../run-state/run-state.ts";
import { ExitCode } from "../support/errors.ts";
import type { RunContext } from "./run-context.ts";

interface RemainingWork {
  readonly state: RunState;
  /** Undefined if no guard is running. */
  readonly guardPid: number | undefined;
}

/**
 * Handles further signals during a teardown: the second prints the VMs that are not yet confirmed deleted; the third ends
 * this process, and the guard takes over.
 * @returns a function that ends the handling
 */
export function handleRepeatedInterrupts(
  { reporter, signals }: Pick<RunContext, "reporter" | "signals">,
  read: () => RemainingWork,
): () => void {
  return signals.onRepeat((count) => {
    const remaining = read();
    const text = remainingText(remaining);
    if (text !== undefined) reporter.note(text);
    if (count < 3) return;
    const open = openRentals(remaining.state).length > 0;
    process.exit(open ? ExitCode.stillBilled : ExitCode.interrupted);
  });
}

/** Lists the VMs and firewall that are not confirmed deleted, and who continues; undefined if there are none. */
export function remainingText({ state, guardPid }: RemainingWork): string | undefined {
  const firewalls = state.firewall?.gone === false ? [state.firewall.label] : [];
  const lines = [
    ...openRentals(state).map(({ label, vmId }) =>
      vmId === undefined ? label : `${label}  https://cloud.linode.com/linodes/${String(vmId)}`,
    ),
    ...firewalls.map((label) => `${label}  (the firewall, which costs nothing)`),
  ];
  if (lines.length === 0) return undefined;
  const who =
    guardPid === undefined
      ? "maider-sweep recover destroys them"
      : `the guard, process ${String(guardPid)}, destroys them`;
  return [`\nnot yet confirmed deleted; ${who}:`, ...lines.map((line) => `  ${line}`)].join("\n");
}
