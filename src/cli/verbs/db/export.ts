import type { BenchmarkRecord } from "../../../evidence/record.ts";
import type { ExportRow } from "../../../results/exchange/export-table.ts";
import { ExitCode } from "../../../support/errors.ts";
import {
  argument,
  CATEGORIES,
  choice,
  option,
  outputOptions,
  resultsOptions,
} from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const exportRecords = defineSubcommand({
  name: "export",
  summary: "Records to share, without host names, addresses and labels",
  arguments: [argument("[id...]", "ids, or how they begin (default: all)")],
  options: [
    option("-g, --gpu-type <type>", "only this GPU type"),
    option("-m, --model-category <size>", "only this model category"),
    choice("-t, --task-category <category>", "only records with this task category", CATEGORIES),
    choice("-f, --format <format>", "output format", ["json", "csv", "markdown"]).default("json"),
    option("-o, --output <file>", "where it is written (default: stdout)"),
    ...resultsOptions,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep db export -o for-others.json",
    "maider-sweep db export 3f2a9c41 -f markdown",
  ],
  handler: async (call) => {
    const {
      args: [words],
      options,
    } = call;
    const { format, gpuType, modelCategory, taskCategory } = options;
    const { hostname } = await import("node:os");
    const { exportRecords: write } = await import("../../../results/exchange/export-records.ts");
    const { exportTable, recordRow } = await import("../../../results/exchange/export-table.ts");
    const { recordSharer } = await import("../../../results/exchange/share-record.ts");
    const { filterRecords } = await import("../../../results/query/compare.ts");
    const { elementText } = await import("../../../results/store/element-text.ts");
    const { exactText, parseExact } = await import("../../../results/store/exact-json.ts");
    const { exactContents } = await import("../../read-results.ts");
    const { resolveIdPrefixes } = await import("../../record-ids.ts");
    const { writeResult } = await import("../../output/write-result.ts");
    const contents = await exactContents(call);
    const records = filterRecords(contents.records, { gpuType, modelCategory, taskCategory });
    const ids = new Set(
      resolveIdPrefixes(
        words,
        records.map(({ id }) => id),
      ),
    );
    const chosen = ids.size === 0 ? records : records.filter(({ id }) => ids.has(id));
    const share = recordSharer([hostname()]);
    const sharedText = (record: BenchmarkRecord): string =>
      exactText(share(parseExact(elementText(record)) as BenchmarkRecord));
    const rows = (): ExportRow[] => chosen.map((record) => recordRow(share(record), taskCategory));
    const pieces = format === "json" ? write(chosen, sharedText) : exportTable(rows(), format);
    await writeResult(call, pieces, `${String(chosen.length)} records`);
    return ExitCode.done;
  },
});
