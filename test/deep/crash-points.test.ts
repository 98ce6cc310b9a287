import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { afterEach, expect, test } from "vitest";
import type { DrillResult } from "../../src/cli/drill/drill-case.ts";
import { DRILL_FAULTS } from "../../src/cli/drill/faults.ts";
import { asMarkdown, reportOn } from "../crash-points/matrix-report.ts";
import { WHOLE_MATRIX } from "../crash-points/matrix.ts";
import { runMatrix } from "../crash-points/run-matrix.ts";

const LANES = availableParallelism() + 1;
const REPORTS = new URL("../../test-results/", import.meta.url);

const results: DrillResult[] = [];

/** For the page about safety: what is done so far, should the rest be cut off. */
afterEach(() => {
  mkdirSync(REPORTS, { recursive: true });
  const report = reportOn(results);
  const json = JSON.stringify({ ...report, results }, undefined, 1);
  writeFileSync(new URL("crash-points.json", REPORTS), json);
  writeFileSync(new URL("crash-points.md", REPORTS), asMarkdown(report));
});

test("the whole matrix has at least 300 deaths", () => {
  expect(WHOLE_MATRIX.length).toBeGreaterThanOrEqual(300);
});

test.each(DRILL_FAULTS)(
  "every fact, before and after, guard or none, is survived; API: %s",
  async (fault) => {
    const cases = WHOLE_MATRIX.filter((one) => one.fault === fault);
    results.push(...(await runMatrix(cases, LANES)));
    const { broken } = reportOn(results.filter(({ drill }) => drill.fault === fault));
    expect(broken).toEqual([]);
  },
);
