import { comparisonTable } from "../../report/query-tables.ts";
import { compare } from "../../results/compare.ts";
import type { SortMetric } from "../../results/compare.ts";
import { exportRecords } from "../../results/export-records.ts";
import type { ExportFormat } from "../../results/export-records.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { readRecords, tableStyle } from "../read-records.ts";
import { writeResult } from "../write-result.ts";

export const benchmarkCompare: Handler = async (call) => {
  const { options, terminal } = call;
  const taskCategory = options["taskCategory"] as string | undefined;
  const sortBy = options["sortBy"] as SortMetric;
  const format = options["format"] as ExportFormat | "table";
  const answer = compare({
    records: await readRecords(call),
    sortBy,
    gpuType: options["gpuType"] as string | undefined,
    modelCategory: options["modelCategory"] as string | undefined,
    taskCategory,
  });
  if (answer.rows.length === 0) {
    terminal.stderr.write(
      "No benchmark results match.\n  maider-sweep benchmark-status shows what was measured\n  maider-sweep run plans/quick.yaml measures something\n",
    );
  }
  const pieces =
    format === "table"
      ? [comparisonTable(answer, { taskCategory, sortBy }, Date.now(), tableStyle(terminal))]
      : exportRecords(answer.records, format, taskCategory);
  await writeResult(call, pieces, `${String(answer.records.length)} results`);
  return ExitCode.done;
};
