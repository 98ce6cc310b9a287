import { hostname } from "node:os";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { filterRecords } from "../../results/query/compare.ts";
import { exactText, parseExact } from "../../results/store/exact-json.ts";
import { exportRecords, type ExportFormat } from "../../results/exchange/export-records.ts";
import { recordSharer } from "../../results/exchange/share-record.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { openExport } from "../read-results.ts";
import { resolveIdPrefixes } from "../record-ids.ts";
import { writeResult } from "../output/write-result.ts";

export const dbExport: Handler = async (call) => {
  const { options } = call;
  const taskCategory = options["taskCategory"] as string | undefined;
  const source = await openExport(call);
  const records = filterRecords(source.records, {
    gpuType: options["gpuType"] as string | undefined,
    modelCategory: options["modelCategory"] as string | undefined,
    taskCategory,
  });
  const ids = new Set(
    resolveIdPrefixes(
      call.rest,
      records.map(({ id }) => id),
    ),
  );
  const chosen = ids.size === 0 ? records : records.filter(({ id }) => ids.has(id));
  const share = recordSharer([hostname()]);
  const format = options["format"] as ExportFormat;
  const pieces =
    format === "json"
      ? exportRecords(chosen, format, taskCategory, (record) =>
          exactText(share(parseExact(source.textOf(record)) as BenchmarkRecord)),
        )
      : exportRecords(chosen.map(share), format, taskCategory);
  await writeResult(call, pieces, `${String(chosen.length)} records`);
  source.close();
  return ExitCode.done;
};
