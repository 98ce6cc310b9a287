import { resolve } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { STANDARD_TESTS } from "../../src/evidence/standard-suite.ts";
import { formatProblems } from "../../src/plan/format-problems.ts";
import { readPlan } from "../../src/plan/read-plan.ts";
import { aPlan, planWith } from "./a-plan.ts";
import { BAD_PLANS } from "./bad-plans.ts";

/** The documented example. */
const EXAMPLE = `
version: 1
name: full-coverage
budget:
  max_cost: 120.00
  max_cost_per_entry: 30.00
  max_hours_per_rental: 4
regions: [us-ord, de-fra-2]
concurrency: 3
packing: per-entry
passes: 3
suites: [coding, context_heavy, reasoning]
load: [1]
stale_after_days: 30
engine:
  image: vllm/vllm-openai:v0.27.1
  gpu_memory_utilization: 0.9
  max_model_len: 32768
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - Qwen/Qwen2.5-Coder-7B-Instruct
      - id: Qwen/Qwen2.5-Coder-14B-Instruct-AWQ
        category: 14b
        max_model_len: 16384
        quantization: awq
  - gpu: [g2-gpu-rtx4000a2-s, g2-gpu-rtx4000a4-s]
    models: [Qwen/Qwen2.5-Coder-32B-Instruct-AWQ]
    region: us-sea
    passes: 5
`;

test("the documented example has the documented meaning", () => {
  const plan = aPlan(EXAMPLE);
  expect(plan).toMatchObject({
    name: "full-coverage",
    text: EXAMPLE,
    budget: {
      maxCost: 120_000_000,
      maxCostPerEntry: 30_000_000,
      maxHoursPerRental: 4,
      monthlyCap: undefined,
    },
    regions: ["us-ord", "de-fra-2"],
    concurrency: 3,
    packing: "per-entry",
    staleAfterDays: 30,
    skipped: [],
  });
  const rows = plan.entries.map(({ path, gpu, regions, configurations }) => ({
    path,
    gpu: gpu.id,
    regions,
    models: configurations.map(({ model, engine, passes, fit }) => [
      model.id,
      engine.maxModelLen,
      engine.quantization,
      passes,
      fit.tensorParallel,
    ]),
  }));
  expect(rows).toEqual([
    {
      path: "entries[0]",
      gpu: "g2-gpu-rtx4000a1-s",
      regions: ["us-ord", "de-fra-2"],
      models: [
        ["Qwen/Qwen2.5-Coder-7B-Instruct", 32_768, undefined, 3, 1],
        ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", 16_384, "awq", 3, 1],
      ],
    },
    {
      path: "entries[1]",
      gpu: "g2-gpu-rtx4000a2-s",
      regions: ["us-sea"],
      models: [["Qwen/Qwen2.5-Coder-32B-Instruct-AWQ", 32_768, undefined, 5, 2]],
    },
    {
      path: "entries[1]",
      gpu: "g2-gpu-rtx4000a4-s",
      regions: ["us-sea"],
      models: [["Qwen/Qwen2.5-Coder-32B-Instruct-AWQ", 32_768, undefined, 5, 4]],
    },
  ]);
});

test("missing keys have defaults, and the name is that of the file", () => {
  const plan = aPlan(
    "version: 1\nentries: [{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}]",
    "my/plans/weekly.yaml",
  );
  expect(plan).toMatchObject({
    name: "weekly",
    budget: { maxCost: undefined, maxHoursPerRental: 4 },
    regions: [],
    concurrency: 3,
    packing: "per-entry",
    staleAfterDays: 30,
    sshCidr: undefined,
    prompts: undefined,
    allowRemoteCode: false,
  });
  expect(plan.entries[0]?.configurations[0]).toMatchObject({
    passes: 3,
    suites: ["coding", "context_heavy", "reasoning"],
    load: [1],
    revision: undefined,
    engine: {
      image: "vllm/vllm-openai:v0.27.1",
      gpuMemoryUtilization: 0.9,
      maxModelLen: 18_432,
      dtype: "auto",
      enforceEager: false,
      maxNumSeqs: 32,
    },
  });
});

test("the default window fits the longest test, its reply and a chat template", () => {
  const [configuration] =
    planWith("[{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}]").entries[0]
      ?.configurations ?? [];
  const longest = Math.max(
    ...STANDARD_TESTS.map(({ context, maxTokens }) => (context?.tokens ?? 0) + maxTokens),
  );
  expect(longest).toBeGreaterThan(17_000);
  expect(longest + 528).toBeLessThanOrEqual(configuration?.engine.maxModelLen ?? 0);
  expect(configuration?.fixedModelLen).toBe(false);
});

test("max_num_seqs is as high as the highest load, unless the plan sets it", () => {
  const allowed = (load: string, own = "") =>
    planWith(`[{gpu: g2-gpu-rtx4000a1-s, load: ${load}, models: [{id: Qwen/Qwen3-8B-AWQ${own}}]}]`)
      .entries[0]?.configurations[0]?.engine.maxNumSeqs;
  expect(allowed("[1, 8]")).toBe(32);
  expect(allowed("[1, 64]")).toBe(64);
  expect(allowed("[1, 64]", ", max_num_seqs: 16")).toBe(16);
});

test("Turing is served without CUDA graphs, unless the plan enables them", () => {
  const eager = (gpu: string, top = "") =>
    planWith(`[{gpu: ${gpu}, models: [Qwen/Qwen3-8B-AWQ]}]`, top).entries[0]?.configurations[0]
      ?.engine.enforceEager;
  expect(eager("g1-gpu-rtx6000-1")).toBe(true);
  expect(eager("g1-gpu-rtx6000-1", "engine: {enforce_eager: false}")).toBe(false);
  expect(eager("g2-gpu-rtx4000a1-s")).toBe(false);
});

test.each(BAD_PLANS)("%s is told at its place", (_what, text, says) => {
  const reading = readPlan(text, "plan.yaml");
  expect(reading.ok ? "nothing" : formatProblems("plan.yaml", reading.problems)).toBe(says);
});

test("there are enough bad plans, all different", () => {
  expect(BAD_PLANS.length).toBeGreaterThanOrEqual(30);
  expect(new Set(BAD_PLANS.map(([, text]) => text)).size).toBe(BAD_PLANS.length);
});

test("in an entry with a list of GPU types, a pair that does not fit is skipped with a reason", () => {
  const plan = planWith(
    "[{gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a2-s], models: [Qwen/Qwen3-32B-AWQ, Qwen/Qwen3-8B-AWQ]}]",
  );
  expect(plan.skipped).toEqual([
    {
      gpu: "g2-gpu-rtx4000a1-s",
      model: "Qwen/Qwen3-32B-AWQ",
      reason:
        "needs 18.0 GiB of weights and 1.5 GiB of overhead, but only 17.55 GiB are usable on 1 x RTX 4000 Ada",
    },
  ]);
  expect(plan.entries.map(({ configurations }) => configurations.length)).toEqual([1, 2]);
});

test("the default window of a plan is lowered to what fits, the window of a model is not", () => {
  const [entry] = planWith(
    "[{gpu: g1-gpu-rtx6000-1, models: [Qwen/Qwen3-30B-A3B-GPTQ-Int4]}]",
    "engine: {max_model_len: 40960}",
  ).entries;
  expect(entry?.configurations[0]?.engine.maxModelLen).toBe(28_672);
  expect(entry?.configurations[0]?.fit.loweredFrom).toBe(40_960);
});

test("Turing is served with dtype half, or float16 if the plan says so", () => {
  const dtypes = ["", "engine: {dtype: auto}", "engine: {dtype: float16}"].map(
    (top) =>
      planWith("[{gpu: g1-gpu-rtx6000-1, models: [Qwen/Qwen3-8B-AWQ]}]", top).entries[0]
        ?.configurations[0]?.engine.dtype,
  );
  expect(dtypes).toEqual(["half", "half", "float16"]);
});

test("an 8-bit cache allows a longer window", () => {
  const window = (cache: string) =>
    planWith(`[{gpu: g2-gpu-rtx4000a1-s, models: [{id: Qwen/Qwen3-30B-A3B-GPTQ-Int4${cache}}]}]`)
      .entries[0]?.configurations[0]?.engine.maxModelLen;
  expect(window("")).toBe(4096);
  expect(window(", kv_cache_dtype: fp8")).toBe(8192);
});

test("a model described in the plan need not be in the catalog, and its category follows from its size", () => {
  const [entry] = planWith(
    "[{gpu: g2-gpu-rtx4000a1-s, models: [{id: example/tiny, facts: {params_b: 12, layers: 40, heads: 32, kv_heads: 8, head_dim: 128, max_position: 16384, checkpoint_gib: 8, quantization: awq, intermediate: 14336}}]}]",
  ).entries;
  expect(entry?.configurations[0]).toMatchObject({
    model: { id: "example/tiny", category: "14b", kvBytesPerToken: 163_840, hidden: 4096 },
    engine: { maxModelLen: 16_384 },
  });
});

test("load levels always include 1 and are in ascending order", () => {
  const [entry] = planWith(
    "[{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ], load: [16, 4]}]",
  ).entries;
  expect(entry?.configurations[0]?.load).toEqual([1, 4, 16]);
});

test("the path of a prompts file is relative to the plan's folder, and an address becomes a range", () => {
  const text = (top: string) =>
    `version: 1\n${top}\nentries: [{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}]`;
  expect(aPlan(text("prompts: mine.json"), "a/b.yaml").prompts).toBe(resolve("a/mine.json"));
  expect(aPlan(text("ssh_cidr: 203.0.113.7")).sshCidr).toBe("203.0.113.7/32");
  expect(aPlan(text("ssh_cidr: '2001:db8::/48'")).sshCidr).toBe("2001:db8::/48");
});

test("anchors and aliases are allowed within the limits", () => {
  const plan = aPlan(
    "version: 1\nentries:\n  - gpu: g2-gpu-rtx4000a1-s\n    models: &small [Qwen/Qwen3-8B-AWQ]\n  - gpu: g2-gpu-rtx4000a1-m\n    models: *small\n",
  );
  expect(plan.entries).toHaveLength(2);
});

test.each([
  ["more than a megabyte", `# ${"x".repeat(1_048_576)}`, "1:1: the file is larger than 1 MB"],
  ["a pit of brackets", "[".repeat(100_000), "1:1: nested deeper than 20 levels"],
  ["21 levels", `a: ${"[".repeat(20)}${"]".repeat(20)}`, "1:23: nested deeper than 20 levels"],
  [
    "aliases of aliases",
    "a: &a [1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]",
    "2:8: the aliases expand to too many values",
  ],
  ["101 aliases", `a: &a 1\nb: [${"*a,".repeat(101)}]`, "2:305: more than 100 aliases"],
  ["20,001 values", `a: [${"1,".repeat(20_001)}]`, "1:39999: more than 20000 values"],
])("%s is refused", (_what, text, says) => {
  const reading = readPlan(text, "x");
  expect(reading.ok ? "" : formatProblems("x", reading.problems)).toBe(`x:${says}`);
});

test("any text is either a plan or has a problem at a position in the text; nothing is thrown", () => {
  const pieces = fc.constantFrom(
    ..."version: 1|\n|entries:|  - gpu: |g2-gpu-rtx4000a1-s|models: [|]|{|}|a|: |- |*a|&a |'|\"|!!|~|0|#|?|budget:|  max_cost: 5|\t|é|\u{1F600}".split(
      "|",
    ),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(text, (source) => {
      const reading = readPlan(source, "x");
      const lines = source.split(/\r\n|\n|\r/).length;
      const problems = reading.ok ? [] : reading.problems;
      expect(reading.ok || problems.length > 0).toBe(true);
      for (const { line, column } of problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(column).toBeGreaterThanOrEqual(1);
      }
    }),
    { numRuns: 500 },
  );
});
