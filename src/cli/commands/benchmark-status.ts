import { coverageText } from "../../report/query-tables.ts";
import { coverage } from "../../results/coverage.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { readRecords, tableStyle } from "../read-records.ts";
import { refreshOffer } from "../refresh-offer.ts";

const STALE_AFTER_DAYS = 30;

export const benchmarkStatus: Handler = async (call) => {
  const { options, terminal } = call;
  const nowMs = Date.now();
  const records = await readRecords(call);
  const answer = coverage(records, nowMs, STALE_AFTER_DAYS);
  const refresh = await refreshOffer(records, nowMs, STALE_AFTER_DAYS);
  const text =
    options["json"] === true
      ? JSON.stringify({ ...answer, refresh }, undefined, 2)
      : coverageText(answer, refresh, nowMs, tableStyle(terminal));
  terminal.stdout.write(`${text}\n`);
  return ExitCode.done;
};
