// Usage: node .ci/summary.mjs FOLDER RUNS. Lists what failed in that many test runs, from the files that
// failure-reporter.mjs wrote to the folder, and counts. Exit code 1 when anything failed or a run left no file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, runs] = process.argv.slice(2);
const reports = readdirSync(folder).map((name) =>
  JSON.parse(readFileSync(join(folder, name), "utf8")),
);
const failures = reports.flatMap((report) => report.failures);
const missing = Number(runs) - reports.length;

for (const { name, message } of failures) console.log(`FAILED ${name}\n       ${message}`);
if (missing > 0) console.log(`${missing} of ${runs} test runs did not end with a report`);
console.log(
  `${reports.reduce((sum, { passed }) => sum + passed, 0)} passed, ${failures.length} failed`,
);
process.exitCode = failures.length > 0 || missing > 0 ? 1 : 0;
