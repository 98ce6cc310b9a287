import { coverageText } from "../../report/query-text.ts";
import type { RebenchCost } from "../../estimate/rebench-cost.ts";
import { coverage } from "../../results/query/coverage.ts";
import { keep, readCachedQuery } from "../../results/query/query-cache.ts";
import { keptFile, type IndexedContents } from "../../results/query/record-index.ts";
import { withoutResult } from "../../results/query/unranked.ts";
import { ExitCode } from "../../support/errors.ts";
import { usd } from "../../support/money.ts";
import { whereLinksLead } from "../../support/safe-file.ts";
import type { CommandCall, Handler } from "../command.ts";
import { indexFolder, readUnsound } from "../../run/read-records.ts";
import { tableStyle } from "../output/table-style.ts";
import { queryContents } from "../read-results.ts";
import { databaseOf } from "../requests.ts";

const STALE_AFTER_DAYS = 30;
const DAY_MS = 86_400_000;

export const benchmarkStatus: Handler = async (call) => {
  const { options, terminal } = call;
  const nowMs = Date.now();
  const contents = await queryContents(call);
  const answer = coverage(contents.records, nowMs, STALE_AFTER_DAYS);
  const refresh = await refreshFor(call, contents, nowMs);
  const without = withoutResult(await readUnsound(databaseOf(call)), contents.records);
  const text =
    options["json"] === true
      ? JSON.stringify(
          {
            ...answer,
            missing: answer.missing.map(({ hourly, ...type }) => ({
              ...type,
              hourlyUsd: usd(hourly),
            })),
            withoutResult: without,
            refresh,
          },
          undefined,
          2,
        )
      : coverageText({ ...answer, without }, refresh, nowMs, tableStyle(terminal));
  terminal.stdout.write(`${text}\n`);
  return ExitCode.done;
};

/** Of a large database it is kept for the day: reading the plans and prices it needs takes longer than all else. */
async function refreshFor(
  call: CommandCall,
  { records, seal }: IndexedContents,
  nowMs: number,
): Promise<RebenchCost> {
  const make = async (): Promise<RebenchCost> => {
    const { rebenchCost } = await import("../../run/rebench-cost.ts");
    return rebenchCost(records, nowMs, STALE_AFTER_DAYS);
  };
  if (seal === undefined) return make();
  const { file, stateDir } = databaseOf(call);
  const path = keptFile(indexFolder(stateDir), await whereLinksLead(file), "refresh");
  const key = `${seal} ${String(Math.floor(nowMs / DAY_MS))}`;
  const kept = readCachedQuery(path, key);
  if (kept !== undefined) return kept as RebenchCost;
  const offer = await make();
  await keep(path, key, offer);
  return offer;
}
