import { openRentals } from "../run-state/fold-run.ts";
import type { RunState } from "../run-state/run-state.ts";
import { ExitCode } from "../support/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Who destroys what we leave: the guard's process, or nobody yet. */
export type UndestroyedState = number | undefined;

/**
 * What further signals do to a program that is destroying: the second names what is not yet proved gone, the third
 * leaves it to the guard, whose pipe closes with us. @returns what ends it.
 */
export function onRepeatedInterrupt(
  terminal: Terminal,
  read: () => { readonly state: RunState; readonly guard: UndestroyedState },
): () => void {
  return terminal.signals.onRepeat((count) => {
    const { state, guard } = read();
    printUndestroyed(state, guard, terminal.stderr);
    if (count < 3) return;
    process.exit(openRentals(state).length > 0 ? ExitCode.stillBilled : ExitCode.interrupted);
  });
}

/** Names what is not proved gone, and who destroys it. */
export function printUndestroyed(
  state: RunState,
  guard: UndestroyedState,
  stderr: NodeJS.WriteStream,
): void {
  const open = openRentals(state);
  const firewalls = state.firewall?.gone === false ? [state.firewall.label] : [];
  const lines = [
    ...open.map(({ label, vmId }) =>
      vmId === undefined ? label : `${label}  https://cloud.linode.com/linodes/${String(vmId)}`,
    ),
    ...firewalls.map((label) => `${label}  (the firewall, which costs nothing)`),
  ];
  if (lines.length === 0) return;
  const who =
    guard === undefined
      ? "maider-sweep recover destroys this"
      : `the guard, process ${String(guard)}, destroys this`;
  stderr.write(`\nnot yet proved gone; ${who}:\n${lines.map((line) => `  ${line}\n`).join("")}`);
}
