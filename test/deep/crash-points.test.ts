import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { asMarkdown, reportOn } from "../crash-points/matrix-report.ts";
import { WHOLE_MATRIX } from "../crash-points/matrix.ts";
import { runMatrix } from "../crash-points/run-matrix.ts";

const LANES = availableParallelism() + 2;
const REPORTS = new URL("../../test-results/", import.meta.url);

test("the whole matrix: every fact, before and after, guard or none, every fault of the API", async () => {
  expect(WHOLE_MATRIX.length).toBeGreaterThanOrEqual(300);
  mkdirSync(REPORTS, { recursive: true });
  const write = (name: string, text: string): void => {
    writeFileSync(new URL(name, REPORTS), text);
  };
  let done = 0;
  const results = await runMatrix(WHOLE_MATRIX, LANES, () => {
    done += 1;
    if (done % 50 === 0)
      process.stdout.write(`${String(done)} of ${String(WHOLE_MATRIX.length)}\n`);
  });
  const report = reportOn(results);
  write("crash-points.json", JSON.stringify({ ...report, results }, undefined, 1));
  write("crash-points.md", asMarkdown(report));
  expect(report.broken).toEqual([]);
});
