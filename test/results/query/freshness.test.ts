import { describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import {
  freshness,
  vllmVersionOf,
  type WantedConfiguration,
} from "../../../src/results/query/freshness.ts";
import { sampleRecord } from "../sample-record.ts";

const NOW = Date.UTC(2026, 10, 24, 12);
const gpu = "g2-gpu-rtx4000a1-s";
const model = "Qwen/Qwen2.5-Coder-7B-Instruct";
const wanted: WantedConfiguration = {
  gpu,
  model,
  vllmVersion: "0.27.1",
  image: "vllm/vllm-openai:v0.27.1",
  maxModelLen: 32768,
  gpuMemoryUtilization: 0.9,
  dtype: "auto",
  tensorParallel: 1,
  suite: "standard-1",
  categories: ["coding", "context_heavy", "reasoning"],
  passes: 1,
};
const ask = (records: readonly BenchmarkRecord[], change: Partial<WantedConfiguration> = {}) =>
  freshness({ wanted: { ...wanted, ...change }, records, nowMs: NOW, staleAfterDays: 30 });
const daysAgo = (days: number): string => new Date(NOW - days * 86_400_000).toISOString();

/** A record as `maider` writes it, without the fields that this program adds. */
function foreign(timestamp: string): BenchmarkRecord {
  const record = sampleRecord({ timestamp });
  const { avg_tokens_per_sec, total_time, total_tokens, cost_per_1k_tokens } = record.summary;
  return {
    ...record,
    vllm_config: { tensor_parallel_size: 1, max_model_len: 32768, gpu_memory_utilization: 0.9 },
    summary: {
      avg_tokens_per_sec,
      total_time,
      total_tokens,
      cost_per_1k_tokens,
      tests_passed: 12,
      tests_total: 12,
    },
  };
}

describe("freshness", () => {
  it("is fresh when the newest sound record matches the wanted configuration", () => {
    expect(ask([sampleRecord()])).toEqual({ state: "fresh", reasons: [] });
  });

  it("accepts both the requested and the actual length of a shortened window", () => {
    const shortened = sampleRecord({
      vllm: { max_model_len: 17_408, max_model_len_asked: 18_432 },
    });
    expect(ask([shortened], { maxModelLen: 18_432 }).state).toBe("fresh");
    expect(ask([shortened], { maxModelLen: 17_408 }).state).toBe("fresh");
    expect(ask([shortened]).reasons).toEqual(["max_model_len 17408 instead of 32768"]);
  });

  it("compares enforce_eager and max_num_seqs only if the record states them", () => {
    const record = sampleRecord({ vllm: { enforce_eager: false, max_num_seqs: 256 } });
    const change = { enforceEager: true, maxNumSeqs: 32 };
    expect(ask([record], change).reasons).toEqual([
      "enforce_eager false instead of true",
      "max_num_seqs 256 instead of 32",
    ]);
    expect(ask([sampleRecord()], change).state).toBe("fresh");
  });

  it("is missing without a sound record of that GPU type, model and categories", () => {
    expect(ask([])).toEqual({ state: "missing", reasons: ["never measured"] });
    expect(ask([sampleRecord({ gpu: "other" }), sampleRecord({ model: "other/one" })]).state).toBe(
      "missing",
    );
    const throttled = sampleRecord({
      summary: { verdict: { state: "void", reasons: ["throttled"] } },
    });
    expect(ask([throttled])).toEqual({ state: "missing", reasons: ["no sound pass: throttled"] });
    const coding = sampleRecord().results_by_category.coding;
    if (coding === undefined) throw new Error("no coding");
    expect(ask([sampleRecord({ results: { coding } })]).state).toBe("missing");
  });

  it.each<[string, Partial<WantedConfiguration>, string]>([
    ["vLLM version", { vllmVersion: "0.28.0" }, "vLLM 0.27.1 instead of 0.28.0"],
    [
      "image of the same version",
      { image: "vllm/vllm-openai:v0.27.1@sha256:1" },
      "image vllm/vllm-openai:v0.27.1 instead of vllm/vllm-openai:v0.27.1@sha256:1",
    ],
    ["max_model_len", { maxModelLen: 8192 }, "max_model_len 32768 instead of 8192"],
    [
      "gpu_memory_utilization",
      { gpuMemoryUtilization: 0.95 },
      "gpu_memory_utilization 0.9 instead of 0.95",
    ],
    ["tensor parallel size", { tensorParallel: 2 }, "tensor_parallel_size 1 instead of 2"],
    ["suite", { suite: "standard-2" }, "suite standard-1 instead of standard-2"],
    ["number of passes", { passes: 3 }, "1 of 3 passes"],
  ])("is stale for another %s, with that reason", (_, change, reason) => {
    expect(ask([sampleRecord()], change)).toEqual({ state: "stale", reasons: [reason] });
  });

  it("treats different names of the same dtype or quantization as equal", () => {
    const record = sampleRecord({ vllm: { dtype: "torch.float16", quantization: "awq_marlin" } });
    expect(ask([record], { dtype: "half", quantization: "awq" }).state).toBe("fresh");
    expect(ask([record], { dtype: "bfloat16" }).reasons).toEqual([
      "dtype torch.float16 instead of bfloat16",
    ]);
    expect(ask([record], { quantization: "gptq" }).reasons).toEqual([
      "quantization awq_marlin instead of gptq",
    ]);
  });

  it("computes the age from the UTC time if the record has one, otherwise from the local time", () => {
    const old = sampleRecord({ summary: { finished_utc: daysAgo(31) } });
    expect(ask([old])).toEqual({ state: "stale", reasons: ["31 days old (limit 30)"] });
    expect(ask([old, sampleRecord({ summary: { finished_utc: daysAgo(29) } })]).state).toBe(
      "fresh",
    );
    expect(ask([foreign("2026-11-20T08:00:00.444444")]).state).toBe("fresh");
    expect(ask([foreign("2026-07-01T08:00:00")]).reasons).toEqual(["146 days old (limit 30)"]);
    expect(ask([foreign("yesterday")]).reasons).toEqual(["time of measurement unknown"]);
  });

  it("never calls a record stale because of a missing field", () => {
    const change = { dtype: "bfloat16", quantization: "awq" };
    expect(ask([foreign("2026-11-20T08:00:00")], change)).toEqual({ state: "fresh", reasons: [] });
  });

  it("counts only passes that match the wanted configuration", () => {
    const records = [
      sampleRecord(),
      sampleRecord({ vllm: { vllm_version: "0.26.0", image: "vllm/vllm-openai:v0.26.0" } }),
      sampleRecord(),
    ];
    expect(ask(records, { passes: 2 }).state).toBe("fresh");
    expect(ask(records, { passes: 3 }).reasons).toEqual(["2 of 3 passes"]);
  });

  it("reads the version from an image's tag", () => {
    expect(vllmVersionOf("vllm/vllm-openai:v0.27.1")).toBe("0.27.1");
    expect(vllmVersionOf("localhost:5000/vllm:0.27.1.post1@sha256:ab")).toBe("0.27.1.post1");
    expect(vllmVersionOf("vllm/vllm-openai:latest")).toBeUndefined();
    expect(vllmVersionOf("vllm/vllm-openai@sha256:0123")).toBeUndefined();
  });
});
