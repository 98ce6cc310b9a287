import { expect, test } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { sampleRecord } from "../results/sample-record.ts";
import { nothingIsLeft, writesTo } from "../simulated/nothing-left.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const OTHER_MODEL = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";
const OLD = "g2-gpu-rtx4000a1-s";
const OLDER = "g2-gpu-rtx4000a1-m";
const OTHER_VLLM = "g2-gpu-rtx4000a1-l";
const FRESH = "g2-gpu-rtx4000a1-xl";

const DAY_MS = 86_400_000;

/** Measured so many days ago, and one suite of it alone, or the test would take long. */
function measured(days: number, facts: Parameters<typeof sampleRecord>[0]): BenchmarkRecord {
  const finished = new Date(Date.now() - days * DAY_MS).toISOString();
  const record = sampleRecord({
    model: MODEL,
    ...facts,
    timestamp: `${finished.slice(0, -1)}000`,
    summary: { finished_utc: finished, simulated: true },
  });
  const { coding } = record.results_by_category;
  return { ...record, results_by_category: coding === undefined ? {} : { coding } };
}

const database = (): BenchmarkRecord[] => [
  measured(31, { gpu: OLD }),
  measured(400, { gpu: OLDER }),
  // An older pass of a configuration that is fresh by a newer one makes nothing stale.
  measured(90, { gpu: FRESH }),
  measured(29, { gpu: FRESH }),
  measured(1, {
    gpu: OTHER_VLLM,
    vllm: { vllm_version: "0.11.0", image: "vllm/vllm-openai:v0.11.0" },
  }),
  measured(2, { gpu: OLD, model: OTHER_MODEL }),
];

const pairs = (records: readonly BenchmarkRecord[]): string[] =>
  records.map((record) => `${record.gpu_type} ${record.model_id}`).toSorted();

test("rebench --stale rents for what is old or of another vLLM, and for nothing else", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  const before = database();
  rig.keep(before);
  const argv = ["rebench", "--stale", "--passes", "1", "--simulate", rig.url];

  const unasked = await rig.run(...argv);
  expect(unasked.code).toBe(2);
  expect(unasked.stderr).toMatch(/--max-cost USD or --yes/);
  expect(await writesTo(rig)).toEqual([]);

  const { code, stderr } = await rig.run(...argv, "--yes");
  expect(code).toBe(0);
  expect(stderr.split("\n").filter((line) => line.startsWith("stale: "))).toEqual([
    `stale: ${OLD} ${MODEL}: 31 days old (limit 30)`,
    `stale: ${OLDER} ${MODEL}: 400 days old (limit 30)`,
    `stale: ${OTHER_VLLM} ${MODEL}: vLLM 0.11.0 instead of 0.27.1`,
  ]);
  expect(stderr).toMatch(/refresh: 3 rentals, prices are those of the simulated cloud/);
  const [, worst, cap] = /worst (\$\d+\.\d\d) [^]*cap (\$\d+\.\d\d) /.exec(stderr) ?? [];
  expect(cap).toMatch(/^\$\d+\.\d\d$/);
  expect(cap).toBe(worst);

  const { vms } = await nothingIsLeft(rig, 3);
  expect(vms.map(({ type }) => type).toSorted()).toEqual([OTHER_VLLM, OLDER, OLD]);
  const after = rig.records();
  expect(after.slice(0, before.length)).toEqual(before);
  const added = after.slice(before.length);
  expect(pairs(added)).toEqual([`${OTHER_VLLM} ${MODEL}`, `${OLDER} ${MODEL}`, `${OLD} ${MODEL}`]);
  for (const { vllm_config: engine } of added) expect(engine.vllm_version).toBe("0.27.1");

  const again = await rig.run(...argv, "--yes");
  expect(again.stderr).toMatch(/nothing is stale: 5 configurations are fresh/);
  expect(again.code).toBe(0);
  expect(rig.records()).toEqual(after);
});

test("rebench --gpu --model measures this one again, however fresh", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  const before = database();
  rig.keep(before);
  const argv = ["rebench", "--gpu", FRESH, "--model", MODEL, "--passes", "1"];
  const unasked = await rig.run(...argv, "--simulate", rig.url);
  expect(unasked.code).toBe(2);
  expect(await writesTo(rig)).toEqual([]);

  const { code, stderr } = await rig.run(...argv, "--simulate", rig.url, "--max-cost", "5");
  expect(code).toBe(0);
  expect(stderr).toMatch(/cap \$5\.00 · \$\d\.\d\d left after the likely cost/);
  const { vms } = await nothingIsLeft(rig, 1);
  expect(vms.map(({ type }) => type)).toEqual([FRESH]);
  expect(rig.records().slice(0, before.length)).toEqual(before);
  expect(pairs(rig.records().slice(before.length))).toEqual([`${FRESH} ${MODEL}`]);
});
