import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readPlan } from "../../../src/plan/read-plan.ts";
import {
  buildRefreshPlan,
  type RefreshRequest,
} from "../../../src/run/rebench/build-refresh-plan.ts";
import { sampleRecord } from "../../results/sample-record.ts";

const OWN = {
  id: "own/Model",
  category: "7b",
  facts: {
    params_b: 8,
    layers: 36,
    heads: 32,
    kv_heads: 8,
    head_dim: 128,
    max_position: 40_960,
    checkpoint_gib: 15,
  },
};
const NOW = Date.UTC(2026, 10, 24, 12);
const defaults = {
  version: 1,
  name: "refresh",
  budget: { max_hours_per_rental: 4 },
  passes: 3,
  suites: ["coding", "context_heavy", "reasoning"],
  engine: { image: "vllm/vllm-openai:v0.27.1" },
  entries: [
    {
      gpu: "g2-gpu-rtx4000a1-s",
      models: ["Qwen/Qwen2.5-Coder-7B-Instruct", OWN],
    },
  ],
};
const request = (change: Partial<RefreshRequest>): RefreshRequest => ({
  records: [],
  defaults,
  suite: "standard-1",
  nowMs: NOW,
  staleAfterDays: 30,
  ...change,
});
const old = { summary: { finished_utc: "2026-09-01T00:00:00Z" } };
const seven = "Qwen/Qwen2.5-Coder-7B-Instruct";
const fourteen = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";

describe("rebenchPlan", () => {
  it("refreshes what was measured with graphs on a Turing card, and says why", () => {
    const turing = "g1-gpu-rtx6000-1";
    const records = [
      sampleRecord({ gpu: turing, vllm: { enforce_eager: false } }),
      sampleRecord({ gpu: turing, model: fourteen, vllm: { enforce_eager: true } }),
      sampleRecord({ vllm: { enforce_eager: false } }),
    ];
    const reasons = (change: Partial<RefreshRequest>) =>
      buildRefreshPlan(request({ records, ...change })).stale.map((one) => [
        one.model,
        ...one.reasons,
      ]);
    expect(reasons({})).toEqual([[seven, "enforce_eager false instead of true"]]);
    const graphs = { ...defaults, engine: { ...defaults.engine, enforce_eager: false } };
    expect(reasons({ defaults: graphs })).toEqual([
      [fourteen, "enforce_eager true instead of false"],
    ]);
  });

  it("plans exactly what is old or was measured with another version, with the settings of its records", () => {
    const records = [
      sampleRecord({ ...old, vllm: { max_model_len: 16384 } }),
      sampleRecord({ ...old, model: fourteen }),
      sampleRecord({
        gpu: "g1-gpu-rtx6000-1",
        vllm: { vllm_version: "0.26.0", image: "vllm/vllm-openai:v0.26.0" },
      }),
      sampleRecord({ gpu: "g2-gpu-rtx4000a2-s" }),
    ];
    const plan = buildRefreshPlan(request({ records }));
    expect(plan.stale.map(({ gpu, model, reasons }) => [gpu, model, ...reasons])).toEqual([
      ["g2-gpu-rtx4000a1-s", seven, "84 days old (limit 30)"],
      ["g2-gpu-rtx4000a1-s", fourteen, "84 days old (limit 30)"],
      ["g1-gpu-rtx6000-1", seven, "vLLM 0.26.0 instead of 0.27.1"],
    ]);
    expect([plan.fresh, plan.left]).toEqual([1, []]);
    expect(parse(plan.text ?? "")).toEqual({
      ...defaults,
      entries: [
        {
          gpu: ["g2-gpu-rtx4000a1-s"],
          models: [
            { id: seven, max_model_len: 16384, gpu_memory_utilization: 0.9 },
            { id: fourteen, max_model_len: 32768, gpu_memory_utilization: 0.9 },
          ],
        },
        {
          gpu: ["g1-gpu-rtx6000-1"],
          models: [{ id: seven, max_model_len: 32768, gpu_memory_utilization: 0.9 }],
        },
      ],
    });
  });

  it("has no text when everything is fresh", () => {
    expect(buildRefreshPlan(request({ records: [sampleRecord()] }))).toEqual({
      text: undefined,
      stale: [],
      fresh: 1,
      left: [],
    });
  });

  it("asks for the passes that the record's own plan asked for, or that the user asks for now", () => {
    const records = [sampleRecord({ summary: { passes_asked: 2 } }), sampleRecord()];
    expect(buildRefreshPlan(request({ records })).stale).toEqual([]);
    expect(buildRefreshPlan(request({ records: records.slice(0, 1) })).stale[0]?.reasons).toEqual([
      "1 of 2 passes",
    ]);
    expect(buildRefreshPlan(request({ records, passes: 5 })).stale[0]?.reasons).toEqual([
      "2 of 5 passes",
    ]);
  });

  it("takes the settings of foreign records for guesses, and lets one of ours stand for them", () => {
    const { method: _, ...summary } = sampleRecord().summary;
    const foreign = { ...sampleRecord({ timestamp: "2026-07-01T08:00:00" }), summary };
    foreign.summary = { ...summary, finished_utc: "2026-07-01T08:00:00Z" };
    const plan = buildRefreshPlan(request({ records: [foreign] }));
    expect((parse(plan.text ?? "") as typeof defaults).entries[0]?.models).toEqual([{ id: seven }]);
    expect(buildRefreshPlan(request({ records: [foreign, sampleRecord()] })).stale).toEqual([]);
  });

  it("reports what it cannot plan, unless the defaults describe the model", () => {
    const records = [
      sampleRecord({ ...old, model: "some-org/Custom-Model" }),
      sampleRecord({ ...old, model: "own/Model" }),
      sampleRecord({ ...old, gpu: "g9-gpu-gone-1" }),
    ];
    const plan = buildRefreshPlan(request({ records }));
    expect(plan.left.map(({ model, reasons }) => [model, ...reasons])).toEqual([
      [
        "some-org/Custom-Model",
        expect.stringContaining("size of some-org/Custom-Model is not known"),
      ],
      [seven, "the GPU type g9-gpu-gone-1 is not known"],
    ]);
    expect((parse(plan.text ?? "") as typeof defaults).entries[0]?.models).toEqual([
      { ...OWN, max_model_len: 32768, gpu_memory_utilization: 0.9 },
    ]);
  });

  it("plans one configuration that is asked for, known to the database or not", () => {
    const only = { gpu: "g2-gpu-rtx4000a1-s", model: seven };
    const entries = (text: string | undefined) => (parse(text ?? "") as typeof defaults).entries;
    expect(entries(buildRefreshPlan(request({ only })).text)).toEqual([
      { gpu: [only.gpu], models: [{ id: seven }] },
    ]);
    const records = [
      sampleRecord({ vllm: { max_model_len: 4096 } }),
      sampleRecord({ gpu: "g1-gpu-rtx6000-1", ...old }),
    ];
    expect(entries(buildRefreshPlan(request({ only, records })).text)).toEqual([
      {
        gpu: [only.gpu],
        models: [{ id: seven, max_model_len: 4096, gpu_memory_utilization: 0.9 }],
      },
    ]);
  });

  it("makes a plan that the plan reader takes, from the defaults that we ship and from any", async () => {
    const refresh = parse(
      await readFile(new URL("../../../plans/refresh.yaml", import.meta.url), "utf8"),
    ) as typeof defaults;
    const records = [
      sampleRecord({ ...old, vllm: { max_model_len: 16_384 } }),
      sampleRecord({ ...old, vllm: { max_model_len: 8192 } }),
      sampleRecord({ ...old, gpu: "g2-gpu-rtx4000a2-s", model: "own/Model" }),
      // Too large for the card by now: skipped, and the others are not refused.
      sampleRecord({ ...old, model: "Qwen/Qwen2.5-72B-Instruct-AWQ" }),
      sampleRecord({ ...old, model: fourteen, vllm: { max_model_len: 1.5 } }),
    ];
    const plan = buildRefreshPlan(
      request({
        records,
        defaults: { ...refresh, entries: [...refresh.entries, { models: [OWN] }] },
      }),
    );
    expect(plan.left.map(({ reasons }) => reasons)).toEqual([
      ["the settings in its record are not valid in a plan"],
    ]);
    const reading = readPlan(plan.text ?? "", "<rebench>");
    expect(reading).toMatchObject({ ok: true });
    const { plan: read } = reading as Extract<typeof reading, { ok: true }>;
    expect(
      read.entries.flatMap(({ configurations }) =>
        configurations.map(({ gpu, model, engine }) => [gpu.id, model.id, engine.maxModelLen]),
      ),
    ).toEqual([
      ["g2-gpu-rtx4000a1-s", seven, 16_384],
      ["g2-gpu-rtx4000a1-s", seven, 8192],
      ["g2-gpu-rtx4000a2-s", "own/Model", 32_768],
    ]);
    expect(read.skipped.map(({ model }) => model)).toEqual(["Qwen/Qwen2.5-72B-Instruct-AWQ"]);
  });

  it("lets nothing that a record holds become structure of the plan", () => {
    const evil = 'x"\nbudget: {max_cost: 9999}\n# ';
    const records = [sampleRecord({ ...old, vllm: { vllm_version: evil } })];
    const text = buildRefreshPlan(request({ records, suite: evil })).text ?? "";
    expect((parse(text) as typeof defaults).budget).toEqual(defaults.budget);
    expect(Object.keys(parse(text) as object).toSorted()).toEqual(Object.keys(defaults).toSorted());
  });
});
