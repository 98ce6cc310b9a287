import { openRentals } from "../journal/fold-run.ts";
import type { RunState } from "../journal/run-state.ts";

/** Names what may still be billed, and who destroys it. */
export function tellOpenVms(
  state: RunState,
  guard: number | undefined,
  stderr: NodeJS.WriteStream,
): void {
  const open = openRentals(state);
  if (open.length === 0) return;
  const who =
    guard === undefined
      ? "maider-sweep recover destroys them"
      : `the guard, process ${String(guard)}, destroys them`;
  stderr.write(`\nnot yet proved gone; ${who}:\n`);
  for (const { label, vmId } of open) {
    const address = vmId === undefined ? "" : `  https://cloud.linode.com/linodes/${String(vmId)}`;
    stderr.write(`  ${label}${address}\n`);
  }
}
