import { existsSync } from "node:fs";
import { join } from "node:path";
import { JOURNAL_FILE } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { runStatus } from "../run-state/status.ts";
import type { CommandCall } from "./command.ts";
import { count } from "./output/event-text.ts";
import { stateDir } from "../run/paths.ts";

/**
 * Says in one line where a journal has VMs that nobody cares for any more, with the command that settles it. Only the
 * journals are read, and only those that are not packed: a packed one is closed. Simulated runs cost nothing.
 */
export function warnOfOpenVms({ options, terminal }: CommandCall): void {
  const state = stateDir(options, terminal.env);
  const open = listRuns(state)
    .map((run) => runFolder(state, run))
    .filter((folder) => existsSync(join(folder, JOURNAL_FILE)))
    .map((folder) => runStatus(folder, Date.now()))
    .filter((run) => run.state === "unresolved");
  if (open.length === 0) return;
  const runs = open.map(({ run }) => run).join(", ");
  terminal.stderr.write(
    `warning: ${count(open.length, "run")} without an end (${runs}) may still be billed; maider-sweep recover destroys what is left\n`,
  );
}
