import { join } from "node:path";
import type { BenchmarkRecord } from "../evidence/record.ts";
import type { TableStyle } from "../report/render-table.ts";
import { JOURNAL_FILE, readJournal } from "../journal/journal-file.ts";
import { readPlainOrPacked } from "../journal/packed-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { DatabaseContents } from "../results/store/database-contents.ts";
import type { ExportSource } from "../results/exchange/export-source.ts";
import { readIndexed, type IndexedContents } from "../results/query/record-index.ts";
import { unsoundPasses, type Unranked } from "../results/query/unranked.ts";
import { whereLinksLead } from "../support/safe-file.ts";
import type { CommandCall, Terminal } from "../cli/command.ts";
import { completed } from "./with-overwritten-records.ts";
import { databaseFile, simulatedStateDir, stateDir } from "./paths.ts";

/** What the database holds; what is wrong with it is told on stderr, and the best copy is gone on with. */
export async function readRecords({
  options,
  terminal,
}: CommandCall): Promise<readonly BenchmarkRecord[]> {
  const file = databaseFile(options, terminal.env, options["simulate"] !== undefined);
  const { records, problems } = await readDatabase(file, stateDir(options, terminal.env));
  for (const problem of problems) terminal.stderr.write(`warning: ${problem}\n`);
  return records;
}

/** The same without a word, with the problems. */
export async function readDatabase(
  file: string,
  state: string,
): Promise<Pick<DatabaseContents, "records" | "problems">> {
  const { readContents } = await import("../results/store/database-contents.ts");
  const contents = await readContents(file);
  return (await completed(file, state, contents)) ?? contents;
}

/** The same for queries: without prompts, replies and the figures of single tests, which only exports show. */
export async function queryRecords(call: CommandCall): Promise<readonly BenchmarkRecord[]> {
  return (await queryContents(call)).records;
}

/** With the seal that they were read under. */
export async function queryContents({ options, terminal }: CommandCall): Promise<IndexedContents> {
  const file = databaseFile(options, terminal.env, options["simulate"] !== undefined);
  const state = stateDir(options, terminal.env);
  const indexed = await readIndexed(file, indexFolder(state), Date.now());
  // What was added to it is not under its seal.
  const contents = (await completed(file, state, indexed)) ?? indexed;
  for (const problem of contents.problems) terminal.stderr.write(`warning: ${problem}\n`);
  return contents;
}

/** For exports, which show whole records: whoever opens it closes it. */
export async function openExportOf({ options, terminal }: CommandCall): Promise<ExportSource> {
  const file = databaseFile(options, terminal.env, options["simulate"] !== undefined);
  const { openExport } = await import("../results/exchange/export-source.ts");
  const source = await openExport(file);
  const contents = await completed(file, stateDir(options, terminal.env), source);
  for (const problem of (contents ?? source).problems)
    terminal.stderr.write(`warning: ${problem}\n`);
  return { ...source, ...contents };
}

/** Answers that may be deleted at any time. */
export function indexFolder(state: string): string {
  return join(state, "index");
}

/** Passes that the journals tell of and that never entered this database. */
export async function readUnsound({ options, terminal }: CommandCall): Promise<Unranked[]> {
  const simulated = options["simulate"] !== undefined;
  const wanted = await whereLinksLead(databaseFile(options, terminal.env, simulated));
  const found: Unranked[] = [];
  const state = stateDir(options, terminal.env);
  for (const folder of [state, simulatedStateDir(state)]) {
    for (const run of listRuns(folder)) {
      if (!mayHoldUnsound(runFolder(folder, run))) continue;
      const { events } = readJournal(runFolder(folder, run));
      const opened = events.find((event) => event.type === "run.opened");
      if (opened !== undefined && (await whereLinksLead(opened.database)) === wanted)
        found.push(...unsoundPasses(events));
    }
  }
  return found;
}

/** Nearly all journals tell of no such pass; to look for the words is far cheaper than to read the facts. */
function mayHoldUnsound(folder: string): boolean {
  try {
    const bytes = readPlainOrPacked(join(folder, JOURNAL_FILE));
    return ["pass.failed", "pass.void", "server.failed"].some((type) =>
      bytes.includes(`"${type}"`),
    );
  } catch {
    return false;
  }
}

/** As wide as the terminal; where nobody reads on one, nothing is cut and nothing is coloured. */
export function tableStyle({ colour, stdout }: Terminal): TableStyle {
  return stdout.isTTY ? { width: stdout.columns, colour } : { width: Infinity, colour: false };
}
