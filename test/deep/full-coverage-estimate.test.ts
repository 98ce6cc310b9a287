import { expect, test } from "vitest";
import type { EstimateJson } from "../../src/estimate/estimate-json.ts";
import { nothingIsLeft } from "../simulated/nothing-left.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

const PLAN = "plans/full-coverage.yaml";

test.each([1, 2, 3, 4, 5])(
  "the whole coverage plan is billed at most its worst and near its likely cost, seed %i",
  async (seed) => {
    await using rig = await sweepRun(seed);
    const { stdout } = await rig.run("estimate", PLAN, "--simulate", rig.url, "--json");
    const { likely, worst } = JSON.parse(stdout) as EstimateJson;
    const swept = await rig.run("run", PLAN, "--simulate", rig.url, "--quiet");
    expect(swept.code).toBe(0);
    const { invoice } = await nothingIsLeft(rig, 13);
    process.stdout.write(
      `seed ${String(seed)}: likely $${String(likely.usd)}, billed $${String(invoice.usd)}, worst $${String(worst.usd)}\n`,
    );
    expect(invoice.usd).toBeLessThanOrEqual(worst.usd);
    expect(Math.abs(likely.usd / invoice.usd - 1)).toBeLessThanOrEqual(0.25);
  },
);
