import { comparisonTable } from "../../report/comparison-table.ts";
import { UNLIMITED } from "../../report/render-table.ts";
import { exportRecords, type ExportFormat } from "../../results/exchange/export-records.ts";
import { compare, filterRecords, type SortMetric } from "../../results/query/compare.ts";
import { readUnsound } from "../../run/read-records.ts";
import { escapeControls } from "../../support/terminal-text.ts";
import { openExport, queryContents } from "../read-results.ts";
import { databaseOf, type SharedCall } from "../requests.ts";
import type { Terminal } from "../terminal.ts";
import { tableStyle } from "./table-style.ts";
import { writeResult } from "./write-result.ts";

type ComparisonCall = SharedCall & {
  readonly options: {
    readonly force?: true;
    readonly gpuType?: string;
    readonly modelCategory?: string;
    readonly output?: string;
    readonly sortBy: SortMetric;
    readonly taskCategory?: string;
    readonly withImported?: true;
  };
  readonly terminal: Terminal;
};

const NOTHING = `No benchmark results match.
  maider-sweep benchmark-status shows what was measured
  maider-sweep init writes a plan, maider-sweep run PLAN measures it
`;

/** Writes the ranked table, to a file in full width. */
export async function printComparison(call: ComparisonCall): Promise<void> {
  const { options, terminal } = call;
  const { force, sortBy, taskCategory, withImported } = options;
  const { records } = await queryContents(call);
  const answer = compare({
    ...filterOf(call),
    records,
    sortBy,
    unsound: await readUnsound(databaseOf(call)),
    withImported: withImported === true,
    onlyAlike: force !== true,
  });
  const found = answer.rows.length + answer.imported.length + answer.unranked.length > 0;
  const style = options.output === undefined ? tableStyle(terminal) : UNLIMITED;
  const asked = { taskCategory, sortBy, forced: force === true };
  const text = comparisonTable(answer, asked, Date.now(), style);
  if (!found) terminal.stderr.write(NOTHING);
  const pieces = found ? [escapeControls(text, style.colour)] : [];
  await writeResult(call, pieces, `${String(answer.rows.length)} configurations`);
}

/** Writes the records: the ranked ones first, then those that are not sound, for the reader to judge. */
export async function exportComparison(call: ComparisonCall, format: ExportFormat): Promise<void> {
  const { options, terminal } = call;
  const { force, sortBy, taskCategory, withImported } = options;
  // Only JSON shows whole records.
  const source = format === "json" ? await openExport(call) : undefined;
  try {
    const records = source?.records ?? (await queryContents(call)).records;
    const filter = filterOf(call);
    const { records: best } = compare({
      ...filter,
      records,
      sortBy,
      unsound: [],
      withImported: withImported === true,
      onlyAlike: force !== true,
    });
    const ranked = new Set(best);
    const others = filterRecords(records, filter).filter((record) => !ranked.has(record));
    if (ranked.size + others.length === 0) terminal.stderr.write(NOTHING);
    if (others.length > 0)
      terminal.stderr.write(
        `${String(others.length)} of them at the end are not ranked: not sound\n`,
      );
    const pieces = exportRecords([...ranked, ...others], format, taskCategory, source?.textOf);
    await writeResult(call, pieces, `${String(ranked.size + others.length)} results`);
  } finally {
    source?.close();
  }
}

function filterOf({ options: { gpuType, modelCategory, taskCategory } }: ComparisonCall) {
  return { gpuType, modelCategory, taskCategory };
}
