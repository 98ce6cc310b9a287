import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { foldRun } from "../../run-state/fold-run.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { reportPage } from "../../report/report-page.ts";
import type { PageAssets, ReportedRun } from "../../report/report-facts.ts";
import { sleepReal } from "../../support/clock.ts";
import { errorText, ExitCode } from "../../support/errors.ts";
import { packageVersion } from "../../support/package-version.ts";
import type { Handler } from "../command.ts";
import { checkOutput, writeOutput } from "../output/output-file.ts";
import { simulatedStateDir } from "../../run/locations.ts";
import { readDatabase } from "../../run/read-records.ts";
import { runClock } from "../../run/run-clock.ts";
import { databaseOf } from "../requests.ts";

const STALE_AFTER_DAYS = 30;
/** A browser that cannot be found is told at once; one that starts may stay as long as it likes. */
const OPENER_FAILS_WITHIN_MS = 1_500;

export const report: Handler = async (call) => {
  const { options, terminal } = call;
  const file = resolve(options["output"] as string);
  await checkOutput(file, call);
  const simulated = options["simulate"] !== undefined;
  const location = databaseOf(call);
  const { file: database, stateDir: state } = location;
  const { records, problems } = await readDatabase(location);
  for (const problem of problems) terminal.stderr.write(`warning: ${problem}\n`);
  const runs = await reportedRuns(simulated ? simulatedStateDir(state) : state);
  const page = reportPage(
    {
      records,
      runs,
      nowMs: Date.now(),
      staleAfterDays: STALE_AFTER_DAYS,
      withImported: options["withImported"] === true,
      version: packageVersion(),
      // The page is made to be given away: where it lay here is nobody's business.
      database: basename(database),
      problems: problems.map((text) => text.replaceAll(database, basename(database))),
    },
    await pageAssets(),
  );
  const onStdout = await writeOutput(file, [page], terminal);
  if (options["json"] === true) {
    const bytes = Buffer.byteLength(page);
    const document = { file, bytes, benchmarks: records.length, runs: runs.length, simulated };
    terminal.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  } else if (!onStdout) terminal.stdout.write(`${file}\n`);
  if (records.length === 0)
    terminal.stderr.write(
      "The database holds no results yet: maider-sweep init writes a plan, maider-sweep run PLAN measures it.\n",
    );
  if (options["open"] === true) {
    const problem = await openInBrowser(file);
    if (problem !== undefined)
      terminal.stderr.write(
        `warning: it could not be opened: ${problem}\n  try: open ${pathToFileURL(file).href} in a browser, or copy the file to a machine that has one\n`,
      );
  }
  return ExitCode.done;
};

async function reportedRuns(state: string): Promise<readonly ReportedRun[]> {
  return Promise.all(
    listRuns(state).map(async (run) => {
      const folder = runFolder(state, run);
      const { events } = readJournal(folder);
      return { state: foldRun(events), events, nowMs: await runClock(folder) };
    }),
  );
}

async function pageAssets(): Promise<PageAssets> {
  const read = (name: string): Promise<string> =>
    readFile(fileURLToPath(new URL(`../../../templates/report/${name}`, import.meta.url)), "utf8");
  const [style, script] = await Promise.all([read("page.css"), read("page.js")]);
  return { style, script };
}

/** @returns why it could not be opened; undefined when it was, as far as anyone can tell. */
async function openInBrowser(file: string): Promise<string | undefined> {
  const { execa } = await import("execa");
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const browser = execa(opener, [file], { detached: true, stdio: "ignore", cleanup: false });
  browser.nodeChildProcess.unref();
  const failed = browser.then(
    () => undefined,
    (error: unknown) => errorText(error).split("\n")[0],
  );
  return Promise.race([failed, sleepReal(OPENER_FAILS_WITHIN_MS).then(() => undefined)]);
}
