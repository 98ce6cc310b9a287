import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import type { DrillResult } from "../../src/drill/drill-case.ts";
import { asMarkdown, reportOn } from "../crash-points/matrix-report.ts";
import { WHOLE_MATRIX } from "../crash-points/matrix.ts";
import { runMatrix } from "../crash-points/run-matrix.ts";

const LANES = availableParallelism() + 2;
const WRITE_EVERY = 30;
const REPORTS = new URL("../../test-results/", import.meta.url);

/** For the page about safety: what is done so far, should the rest be cut off. */
function write(results: readonly DrillResult[]): void {
  const report = reportOn(results);
  const json = JSON.stringify({ ...report, asked: WHOLE_MATRIX.length, results }, undefined, 1);
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(new URL("crash-points.json", REPORTS), json);
  writeFileSync(new URL("crash-points.md", REPORTS), asMarkdown(report));
}

const HOURS_3 = 3 * 3_600_000;

test(
  "every fact, before and after, with and without guard, under every fault: nothing is left",
  async () => {
    expect(WHOLE_MATRIX.length).toBeGreaterThanOrEqual(300);
    const done: DrillResult[] = [];
    await runMatrix(WHOLE_MATRIX, LANES, (result) => {
      done.push(result);
      if (done.length % WRITE_EVERY === 0) write(done);
    });
    write(done);
    expect(reportOn(done).broken).toEqual([]);
  },
  HOURS_3,
);
