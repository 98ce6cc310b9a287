import { STALE_AFTER_DAYS } from "../../evidence/method.ts";
import { ExitCode } from "../../support/errors.ts";
import { usd } from "../../support/money.ts";
import { jsonText } from "../output/json.ts";
import { databaseOf } from "../requests.ts";
import { jsonOption, outputOptions, resultsOptions } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "benchmark-status",
  group: "results",
  summary: "Coverage and gaps: what was tested, how often, when",
  about: [
    "Which configurations were tested, how often and when; which results are stale and which of the public GPU types are missing. Confidence is high from three sound passes on.",
  ],
  related: ["rebench", "benchmark-compare"],
  synonyms: ["coverage"],
  options: [...resultsOptions, jsonOption, ...outputOptions],
  examples: ["maider-sweep benchmark-status", "maider-sweep benchmark-status | grep High"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const { options, terminal } = call;
    const nowMs = Date.now();
    const location = databaseOf(call);
    const { queryContents } = await import("../read-results.ts");
    const contents = await queryContents(call);
    const { records } = contents;
    const { coverage } = await import("../../results/query/coverage.ts");
    const covered = coverage(records, nowMs, STALE_AFTER_DAYS);
    const { cachedRefreshCost } = await import("../../run/rebench/cached-refresh-cost.ts");
    const refresh = await cachedRefreshCost(contents, location, nowMs, STALE_AFTER_DAYS);
    const { readUnsound } = await import("../../run/records/read-database.ts");
    const { withoutResult } = await import("../../results/query/unranked.ts");
    const without = withoutResult(await readUnsound(location), records);
    if (options.json) {
      const missing = covered.missing.map(({ hourly, ...type }) => ({
        ...type,
        hourlyUsd: usd(hourly),
      }));
      terminal.stdout.write(
        jsonText({
          ...covered,
          outside: covered.outsideCatalog,
          missing,
          withoutResult: without,
          refresh,
        }),
      );
      return ExitCode.done;
    }
    const { coverageText } = await import("../../report/coverage-text.ts");
    const { tableStyle } = await import("../output/table-style.ts");
    const text = coverageText({ ...covered, without }, refresh, nowMs, tableStyle(terminal));
    terminal.stdout.write(`${text}\n`);
    return ExitCode.done;
  },
});
