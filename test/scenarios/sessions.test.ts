import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

test("benchmark and benchmark-collect measure VMs that up has left, and say what the VM and its server are", async () => {
  await using rig = await sweepRun(3, "--speed", "60", "--delays", "0.1");
  const up = (name: string) =>
    rig.runAtHome(
      ..."up --max-cost 30 --max-hours 48 --gpu".split(" "),
      CARD,
      "--model",
      MODEL,
      "--name",
      name,
      "--simulate",
      rig.url,
    );
  expect((await up("coder-1")).code).toBe(0);

  const collected = await rig.runAtHome("benchmark-collect", "coder-1", "-c", "coding");
  expect(collected).toMatchObject({ code: 0 });
  expect(collected.stdout).toContain("SIMULATED");
  const file = join(rig.env.HOME, ".benchmark-coder-1.json");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    session: "coder-1",
    vm_type: CARD,
    category_filter: "coding",
  });
  const [record] = rig.records();
  expect(record).toMatchObject({
    gpu_type: CARD,
    gpu_count: 1,
    vram_per_gpu: 20,
    hourly_cost: 0.52,
    model_id: MODEL,
    vllm_config: { tensor_parallel_size: 1, dtype: "bfloat16", max_model_len: 18_432 },
    summary: { simulated: true, verdict: { state: "sound" }, tests_passed: 4, region: "us-ord" },
  });
  expect(record?.summary.vm).toMatch(/^mds-/);
  expect(record?.vllm_config.vllm_version).toMatch(/^\d/);
  expect(record?.summary["driver"]).toMatch(/^\d/);

  // By the current session, and by the VM's label.
  const current = await rig.runAtHome("benchmark", "-c", "coding");
  expect(current).toMatchObject({ code: 0 });
  const vm = String(record?.summary.vm);
  const byLabel = await rig.runAtHome("benchmark", "-s", vm, "-c", "coding", "-o", "two.json");
  expect(byLabel).toMatchObject({ code: 0 });
  expect(existsSync(join(rig.env.HOME, "two.json"))).toBe(true);
  expect(existsSync(join(rig.env.HOME, ".benchmark-results.json"))).toBe(true);
  expect(rig.records()).toHaveLength(3);
  expect(existsSync(rig.env.MAIDER_SWEEP_DB)).toBe(false);

  // What a sweep measures of the same is the same configuration.
  const plan = rig.plan(
    `version: 1\nbudget: { max_cost: 3 }\npasses: 1\nsuites: [coding]\nentries:\n  - gpu: ${CARD}\n    models: [${MODEL}]\n`,
  );
  const swept = await rig.run("run", plan, "--simulate", rig.url, "--quiet");
  expect(swept).toMatchObject({ code: 0 });
  const keys = rig.records().map(({ summary }: BenchmarkRecord) => summary.key);
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(1);

  expect((await rig.runAtHome("down", "coder-1")).code).toBe(0);
  const gone = await rig.runAtHome("benchmark-collect", "coder-1");
  expect(gone).toMatchObject({ code: 2 });
  expect(gone.stderr).toContain("Session 'coder-1' not found");
});
