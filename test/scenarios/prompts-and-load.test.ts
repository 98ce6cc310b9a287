import { loadResults } from "../../src/evidence/load-result.ts";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { sweepRun } from "../simulated/sweep-run.ts";

test("a plan's own prompts and load levels are what is measured, also by a resume without the file", async () => {
  await using rig = await sweepRun(3);
  const plan = rig.plan(`version: 1
name: own-prompts
budget: { max_cost: 10 }
passes: 2
load: [1, 4, 16]
prompts: mine.yaml
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct]
`);
  const prompts = join(dirname(plan), "mine.yaml");
  writeFileSync(
    prompts,
    "- {name: one, prompt: Say one., max_tokens: 120}\n- {name: two, category: coding, prompt: Say two., max_tokens: 200}\n",
  );
  await rig.run("run", plan, "--simulate", rig.url, "--quiet", {
    MAIDER_SWEEP_CRASH: "pass.finished:after",
  });
  rmSync(prompts);
  const { stdout } = await rig.run("status", "--json");
  const { runs } = JSON.parse(stdout) as { runs: { run: string }[] };
  const resumed = await rig.run("run", "--resume", runs[0]?.run ?? "", "--quiet");
  expect(resumed.stderr).not.toMatch(/^error/m);
  expect(resumed.code).toBe(0);
  const records = rig.records();
  expect(records).toHaveLength(2);
  expect(new Set(records.map(({ summary }) => summary.suite)).size).toBe(1);
  for (const { summary, tests, results_by_category } of records) {
    expect(summary.suite).toMatch(/^custom-/);
    expect(tests.map(({ test_name }) => test_name)).toEqual(["one", "two"]);
    expect(Object.keys(results_by_category)).toEqual(["coding", "custom"]);
    const levels = loadResults(summary);
    expect(levels.map(({ in_flight, failed, reasons }) => [in_flight, failed, reasons])).toEqual([
      [4, 0, []],
      [16, 0, []],
    ]);
    const [few, many] = levels;
    expect(many?.out_tps).toBeGreaterThan(few?.out_tps ?? Infinity);
  }
});
