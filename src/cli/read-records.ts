import type { BenchmarkRecord } from "../evidence/record.ts";
import type { TableStyle } from "../report/table.ts";
import { openDatabase } from "../results/database.ts";
import { readJournal } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { unsoundPasses, type Unranked } from "../results/unranked.ts";
import { whereLinksLead } from "../support/safe-file.ts";
import type { CommandCall, Terminal } from "./command.ts";
import { databaseFile, simulatedStateDir, stateDir } from "./paths.ts";

/** What the database holds; what is wrong with it is told on stderr, and the best copy is gone on with. */
export async function readRecords({
  options,
  terminal,
}: CommandCall): Promise<readonly BenchmarkRecord[]> {
  const file = databaseFile(options, terminal.env, options["simulate"] !== undefined);
  const { records, problems } = await openDatabase(file).read();
  for (const problem of problems) terminal.stderr.write(`warning: ${problem}\n`);
  return records;
}

/** Passes that the journals tell of and that never entered this database. */
export async function readUnsound({ options, terminal }: CommandCall): Promise<Unranked[]> {
  const simulated = options["simulate"] !== undefined;
  const wanted = await whereLinksLead(databaseFile(options, terminal.env, simulated));
  const found: Unranked[] = [];
  const state = stateDir(options, terminal.env);
  for (const folder of [state, simulatedStateDir(state)]) {
    for (const run of listRuns(folder)) {
      const { events } = readJournal(runFolder(folder, run));
      const opened = events.find((event) => event.type === "run.opened");
      if (opened !== undefined && (await whereLinksLead(opened.database)) === wanted)
        found.push(...unsoundPasses(events));
    }
  }
  return found;
}

/** As wide as the terminal; where nobody reads on one, nothing is cut and nothing is coloured. */
export function tableStyle({ colour, stdout }: Terminal): TableStyle {
  return stdout.isTTY ? { width: stdout.columns, colour } : { width: Infinity, colour: false };
}
