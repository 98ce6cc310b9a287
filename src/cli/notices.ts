import { countText } from "../support/count-text.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { OptionValues } from "@commander-js/extra-typings";
import { JOURNAL_FILE } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { runStatus } from "../run-state/status.ts";
import { heldVms, heldWarning } from "../sessions/held-vms.ts";
import { wrapText } from "../support/wrap-text.ts";
import { columnsOf } from "./output/table-style.ts";
import type { Terminal } from "./terminal.ts";
import { locationsOf } from "./requests.ts";
import type { Notice } from "./verb.ts";

/** Warns of what still costs money, before a verb's own output. */
export async function printNotices(
  notices: readonly Notice[],
  options: OptionValues,
  terminal: Terminal,
): Promise<void> {
  const { stateDir } = options;
  const named = typeof stateDir === "string" ? { stateDir } : {};
  const { stateDir: state } = locationsOf({ options: named, terminal });
  const warnings = [
    notices.includes("held-vms") ? heldWarning(await heldVms(state)) : undefined,
    notices.includes("open-runs") ? openRunsWarning(state) : undefined,
  ];
  for (const warning of warnings)
    if (warning !== undefined)
      terminal.stderr.write(`${wrapped(`warning: ${warning}`, terminal.stderr)}\n`);
}

/** On a terminal, in lines that break between words. */
function wrapped(text: string, stderr: NodeJS.WriteStream): string {
  return stderr.isTTY ? wrapText(text, columnsOf(stderr)).join("\n") : text;
}

/**
 * Real runs whose process has died before its VMs were confirmed deleted. Only journals that are not packed are read: a
 * packed one is closed. Simulated runs cost nothing.
 */
function openRunsWarning(state: string): string | undefined {
  const open = listRuns(state)
    .map((run) => runFolder(state, run))
    .filter((folder) => existsSync(join(folder, JOURNAL_FILE)))
    .map((folder) => runStatus(folder, Date.now()))
    .filter((run) => run.state === "unresolved");
  if (open.length === 0) return undefined;
  const runs = open.map(({ run }) => run).join(", ");
  return `${countText(open.length, "run")} without an end (${runs}) may still be billed; maider-sweep recover destroys what is left`;
}
