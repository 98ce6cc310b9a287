import { comparisonTable } from "../../report/comparison-table.ts";
import { UNLIMITED } from "../../report/render-table.ts";
import { compare, filterRecords } from "../../results/query/compare.ts";
import type { SortMetric } from "../../results/query/compare.ts";
import type { ExportFormat } from "../../results/exchange/export-records.ts";
import { ExitCode } from "../../support/errors.ts";
import { escapeControls } from "../../support/terminal-text.ts";
import type { Handler } from "../command.ts";
import { readUnsound } from "../../run/read-records.ts";
import { tableStyle } from "../output/table-style.ts";
import { openExport, queryContents } from "../read-results.ts";
import { databaseOf } from "../requests.ts";
import { writeResult } from "../output/write-result.ts";

export const benchmarkCompare: Handler = async (call) => {
  const { options, terminal } = call;
  const sortBy = options["sortBy"] as SortMetric;
  const format = options["format"] as ExportFormat | "table";
  const filter = {
    gpuType: options["gpuType"] as string | undefined,
    modelCategory: options["modelCategory"] as string | undefined,
    taskCategory: options["taskCategory"] as string | undefined,
  };
  const source = format === "json" ? await openExport(call) : undefined;
  const records = source?.records ?? (await queryContents(call)).records;
  const answer = compare({
    ...filter,
    records,
    sortBy,
    unsound: format === "table" ? await readUnsound(databaseOf(call)) : [],
    withImported: options["withImported"] === true,
    onlyAlike: options["force"] !== true,
  });
  const { taskCategory } = filter;
  if (format === "table") {
    const found = answer.rows.length + answer.imported.length + answer.unranked.length > 0;
    // A file is as wide as what stands in it.
    const style = options["output"] === undefined ? tableStyle(terminal) : UNLIMITED;
    const asked = { taskCategory, sortBy, forced: options["force"] === true };
    const text = comparisonTable(answer, asked, Date.now(), style);
    if (!found) terminal.stderr.write(NOTHING);
    await writeResult(
      call,
      found ? [escapeControls(text, style.colour)] : [],
      `${String(answer.rows.length)} configurations`,
    );
    return ExitCode.done;
  }
  // The ranked ones first, then what is here but not sound: whoever takes the data judges by himself.
  const ranked = new Set(answer.records);
  const others = filterRecords(records, filter).filter((record) => !ranked.has(record));
  if (ranked.size + others.length === 0) terminal.stderr.write(NOTHING);
  if (others.length > 0)
    terminal.stderr.write(
      `${String(others.length)} of them at the end are not ranked: not sound\n`,
    );
  const { exportRecords } = await import("../../results/exchange/export-records.ts");
  await writeResult(
    call,
    exportRecords([...ranked, ...others], format, taskCategory, source?.textOf),
    `${String(ranked.size + others.length)} results`,
  );
  source?.close();
  return ExitCode.done;
};

const NOTHING = `No benchmark results match.
  maider-sweep benchmark-status shows what was measured
  maider-sweep init writes a plan, maider-sweep run PLAN measures it
`;
