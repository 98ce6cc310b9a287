import { openRentals } from "../run-state/fold-run.ts";
import type { RunState } from "../run-state/run-state.ts";
import { ExitCode } from "../support/errors.ts";
import type { RunContext } from "./run-context.ts";

/** What a run has open, and the process of the guard that destroys it; undefined without one. */
interface Undestroyed {
  readonly state: RunState;
  readonly guardPid: number | undefined;
}

/**
 * What further signals do to a program that is destroying: the second names what is not yet confirmed deleted, the third
 * leaves it to the guard, whose pipe closes with this process. @returns what ends it.
 */
export function handleRepeatedInterrupts(
  { reporter, signals }: Pick<RunContext, "reporter" | "signals">,
  read: () => Undestroyed,
): () => void {
  return signals.onRepeat((count) => {
    const undestroyed = read();
    const text = undestroyedText(undestroyed);
    if (text !== undefined) reporter.note(text);
    if (count < 3) return;
    const open = openRentals(undestroyed.state).length > 0;
    process.exit(open ? ExitCode.stillBilled : ExitCode.interrupted);
  });
}

/** Names what is not confirmed deleted, and who destroys it; undefined when everything is. */
export function undestroyedText({ state, guardPid }: Undestroyed): string | undefined {
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
      ? "maider-sweep recover destroys this"
      : `the guard, process ${String(guardPid)}, destroys this`;
  return [`\nnot yet confirmed deleted; ${who}:`, ...lines.map((line) => `  ${line}`)].join("\n");
}
