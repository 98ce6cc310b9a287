import type { BenchmarkRecord } from "../evidence/record.ts";
import type { TableStyle } from "../report/table.ts";
import { openDatabase } from "../results/database.ts";
import type { CommandCall, Terminal } from "./command.ts";
import { databaseFile } from "./paths.ts";

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

/** As wide as the terminal; where nobody reads on one, nothing is cut and nothing is coloured. */
export function tableStyle({ colour, stdout }: Terminal): TableStyle {
  return stdout.isTTY ? { width: stdout.columns, colour } : { width: Infinity, colour: false };
}
