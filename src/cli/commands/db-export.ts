import { hostname } from "node:os";
import { filterRecords } from "../../results/compare.ts";
import { exportRecords, type ExportFormat } from "../../results/export-records.ts";
import { shareRecords } from "../../results/share-record.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { meantIds } from "../database-of-call.ts";
import { readRecords } from "../read-records.ts";
import { writeResult } from "../write-result.ts";

export const dbExport: Handler = async (call) => {
  const { options } = call;
  const taskCategory = options["taskCategory"] as string | undefined;
  const records = filterRecords(await readRecords(call), {
    gpuType: options["gpuType"] as string | undefined,
    modelCategory: options["modelCategory"] as string | undefined,
    taskCategory,
  });
  const ids = new Set(
    meantIds(
      call.rest,
      records.map(({ id }) => id),
    ),
  );
  const chosen = ids.size === 0 ? records : records.filter(({ id }) => ids.has(id));
  const shared = shareRecords(chosen, [hostname()]);
  const format = options["format"] as ExportFormat;
  await writeResult(
    call,
    exportRecords(shared, format, taskCategory),
    `${String(shared.length)} records`,
  );
  return ExitCode.done;
};
