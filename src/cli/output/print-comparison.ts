import { comparisonTable } from "../../report/comparison-table.ts";
import { UNLIMITED } from "../../report/render-table.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { exportRecords } from "../../results/exchange/export-records.ts";
import {
  configurationRow,
  exportTable,
  recordRow,
  unrankedRow,
  type ExportRow,
} from "../../results/exchange/export-table.ts";
import {
  compare,
  filterRecords,
  namesOf,
  type CompareAnswer,
} from "../../results/query/compare.ts";
import type { ConfigurationResult } from "../../results/query/configurations.ts";
import { suggestNames } from "../../results/query/name-filter.ts";
import type { SortMetric } from "../../results/query/sort-metric.ts";
import type { Unranked } from "../../results/query/unranked.ts";
import { readUnsound } from "../../run/records/read-database.ts";
import { escapeControls } from "../../support/terminal-text.ts";
import { exactContents, queryContents } from "../read-results.ts";
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

function nothingText(call: ComparisonCall, records: readonly BenchmarkRecord[]): string {
  const suggested = suggestNames(call.options, records.map(namesOf));
  return `No benchmark results match.
${suggested.length === 0 ? "" : `  did you mean ${suggested.join(" ")}?\n`}  maider-sweep benchmark-status shows what was measured
  maider-sweep init writes a plan, maider-sweep run PLAN measures it
`;
}

/** Writes the ranked table, to a file in full width. */
export async function printComparison(call: ComparisonCall): Promise<void> {
  const { options, terminal } = call;
  const { force, sortBy, taskCategory } = options;
  const { records } = await queryContents(call);
  const answer = answerFor(call, records, await readUnsound(databaseOf(call)));
  const found = answer.rows.length + answer.imported.length + answer.unranked.length > 0;
  const style = options.output === undefined ? tableStyle(terminal) : UNLIMITED;
  const asked = { taskCategory, sortBy, forced: force === true };
  const text = comparisonTable(answer, asked, Date.now(), style);
  if (!found) terminal.stderr.write(nothingText(call, records));
  const pieces = found ? [escapeControls(text, style.colour)] : [];
  await writeResult(call, pieces, `${String(answer.rows.length)} configurations`);
}

/** Writes the records as JSON: first those with a usable speed, best first, then the others. */
export async function exportComparison(call: ComparisonCall): Promise<void> {
  const contents = await exactContents(call);
  const { records: best } = answerFor(call, contents.records, []);
  const usable = new Set(best);
  const others = filterRecords(contents.records, filterOf(call)).filter(
    (record) => !usable.has(record),
  );
  const count = usable.size + others.length;
  if (count === 0) call.terminal.stderr.write(nothingText(call, contents.records));
  if (others.length > 0)
    call.terminal.stderr.write(
      `${String(others.length)} of them at the end are not ranked: not sound\n`,
    );
  await writeResult(call, exportRecords([...usable, ...others]), `${String(count)} results`);
}

/** Writes CSV or Markdown: a row for each configuration that the table shows, or for each pass. */
export async function exportComparisonTable(
  call: ComparisonCall,
  format: "csv" | "markdown",
  byPass: boolean,
): Promise<void> {
  const { taskCategory } = call.options;
  const { records } = await queryContents(call);
  const answer = answerFor(call, records, await readUnsound(databaseOf(call)));
  const rows = byPass ? passRows(answer, taskCategory) : configurationRows(answer);
  if (rows.length === 0) call.terminal.stderr.write(nothingText(call, records));
  const results = `${String(rows.length)} ${byPass ? "results" : "configurations"}`;
  await writeResult(call, exportTable(rows, format), results);
}

function configurationRows(answer: CompareAnswer): ExportRow[] {
  return [
    ...configurationsWithRank(answer).map(([row, ranked]) => configurationRow(row, ranked)),
    ...answer.unranked.filter(({ state }) => state !== "unstable").map(unrankedRow),
  ];
}

function passRows(answer: CompareAnswer, category: string | undefined): ExportRow[] {
  const ranked = new Map(
    configurationsWithRank(answer).flatMap(([{ records }, text]) =>
      records.map((record) => [record, text] as const),
    ),
  );
  return [
    ...answer.records.map((record) => recordRow(record, category, ranked.get(record) ?? "yes")),
    ...answer.rejectedRecords.map(({ record, reason }) =>
      recordRow(record, category, `no: ${reason}`),
    ),
  ];
}

/** Every configuration with a speed, and `yes` or why it is not ranked. */
function configurationsWithRank({
  rows,
  incomparable,
  imported,
  unstable,
}: CompareAnswer): (readonly [ConfigurationResult, string])[] {
  return [
    ...rows.map((row) => [row, "yes"] as const),
    ...incomparable.map(({ row, differences }) => {
      const fields = differences.map(({ field, a, b }) => `${field} ${b} instead of ${a}`);
      return [row, `no: measured in another way: ${fields.join(", ")}`] as const;
    }),
    ...imported.map((row) => [row, "no: imported"] as const),
    ...unstable.map((row) => [row, "no: unstable"] as const),
  ];
}

function answerFor(
  call: ComparisonCall,
  records: readonly BenchmarkRecord[],
  unsound: readonly Unranked[],
): CompareAnswer {
  const { force, sortBy, withImported } = call.options;
  return compare({
    ...filterOf(call),
    records,
    sortBy,
    unsound,
    withImported: withImported === true,
    onlyComparable: force !== true,
  });
}

function filterOf({ options: { gpuType, modelCategory, taskCategory } }: ComparisonCall) {
  return { gpuType, modelCategory, taskCategory };
}
