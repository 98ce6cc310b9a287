import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { STALE_AFTER_DAYS } from "../../evidence/method.ts";
import { ExitCode } from "../../support/errors.ts";
import { packageVersion } from "../../support/package-version.ts";
import { jsonText } from "../output/json.ts";
import { databaseOf } from "../requests.ts";
import {
  jsonOption,
  option,
  outputOptions,
  resultsOptions,
  withImportedOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "report",
  group: "results",
  summary: "Write the decision, charts and money on one HTML page",
  about: [
    "Writes one HTML page that needs no network: the decision with a slider for the speed you need, charts, the table, coverage, failures and money. `--open` shows it in the browser.",
  ],
  related: ["benchmark-compare", "recommend"],
  synonyms: ["html", "page"],
  options: [
    option("-o, --output <file>", "where it is written").default("report.html"),
    option("--open", "show it in the browser"),
    withImportedOption,
    ...resultsOptions,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep report --open", "maider-sweep report --simulate -o simulated.html"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { stdout, stderr } = terminal;
    const { checkOutput, writeOutput } = await import("../output/output-file.ts");
    const file = resolve(options.output);
    await checkOutput(file, call);
    const simulated = options.simulate !== undefined;
    const location = databaseOf(call);
    const { readDatabase } = await import("../../run/records/read-database.ts");
    const { records, problems } = await readDatabase(location);
    for (const problem of problems) stderr.write(`warning: ${problem}\n`);
    const { simulatedStateDir } = await import("../../run/locations.ts");
    const { readRunsWithEvents } = await import("../../run/run-folder/read-runs.ts");
    const { stateDir } = location;
    const runs = await readRunsWithEvents(simulated ? simulatedStateDir(stateDir) : stateDir);
    const { reportPage } = await import("../../report/report-page.ts");
    const { openInBrowser, pageAssets } = await import("../output/report-file.ts");
    const page = reportPage(
      {
        records,
        runs,
        nowMs: Date.now(),
        staleAfterDays: STALE_AFTER_DAYS,
        withImported: options.withImported === true,
        version: packageVersion(),
        // The page is made to be shared, so it names the database without its folder.
        database: basename(location.file),
        problems: problems.map((text) => text.replaceAll(location.file, basename(location.file))),
      },
      await pageAssets(),
    );
    const onStdout = await writeOutput(file, [page], terminal);
    if (options.json) {
      const bytes = Buffer.byteLength(page);
      const benchmarks = records.length;
      stdout.write(jsonText({ file, bytes, benchmarks, runs: runs.length, simulated }));
    } else if (!onStdout) stdout.write(`${file}\n`);
    if (records.length === 0) {
      const { otherDatabaseHint } = await import("../other-database-hint.ts");
      stderr.write(NO_RESULTS);
      const hint = await otherDatabaseHint(call);
      if (hint !== undefined) stderr.write(`${hint}\n`);
    }
    const problem = options.open ? await openInBrowser(file) : undefined;
    if (problem !== undefined)
      stderr.write(
        `warning: it could not be opened: ${problem}\n  try: open ${pathToFileURL(file).href} in a browser, or copy the file to a machine that has one\n`,
      );
    return ExitCode.done;
  },
});

const NO_RESULTS =
  "The page is empty, because the database holds no results yet: maider-sweep init writes a plan, and maider-sweep run measures it.\n";
