import { comparisonTable } from "../../report/query-tables.ts";
import { barredTable } from "../../report/tables.ts";
import { compare } from "../../results/compare.ts";
import type { SortMetric } from "../../results/compare.ts";
import { exportRecords } from "../../results/export-records.ts";
import type { ExportFormat } from "../../results/export-records.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { writeFileAtomically } from "../../support/safe-file.ts";
import type { Handler } from "../command.ts";
import { readRecords, tableStyle } from "../read-records.ts";

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
  const text =
    format === "table"
      ? [
          comparisonTable(answer, { taskCategory, sortBy }, Date.now(), tableStyle(terminal)),
          ...(answer.barred.length === 0 ? [] : [`Not ranked:\n${barredTable(answer.barred)}`]),
        ].join("\n")
      : exportRecords(answer.records, format, taskCategory);
  const file = options["output"] as string | undefined;
  if (file === undefined) {
    if (format !== "table" || answer.rows.length > 0) terminal.stdout.write(`${text}\n`);
    return ExitCode.done;
  }
  try {
    await writeFileAtomically(file, `${text}\n`, { mode: 0o644 });
  } catch (error) {
    throw new SweepError(`${file} could not be written`, {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "name a file in a folder that exists",
    });
  }
  terminal.stderr.write(`${String(answer.records.length)} results written to ${file}\n`);
  return ExitCode.done;
};
