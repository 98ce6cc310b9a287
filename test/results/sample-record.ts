import type { BenchmarkRecord, Summary, VllmConfig } from "../../src/evidence/record.ts";

export interface SampleFacts {
  id?: string;
  gpu?: string;
  model?: string;
  category?: string;
  speed?: number;
  hourly?: number;
  timestamp?: string;
  vllm?: Partial<VllmConfig>;
  summary?: Partial<Summary>;
  results?: BenchmarkRecord["results_by_category"];
}

let count = 0;

/** A sound record of this program, with the facts that the test needs. */
export function sampleRecord(facts: SampleFacts = {}): BenchmarkRecord {
  count += 1;
  const speed = facts.speed ?? 50;
  const hourly = facts.hourly ?? 0.52;
  const cost = (hourly / (speed * 3600)) * 1000;
  const figures = (tests: number) => ({
    avg_tokens_per_sec: speed,
    total_time: 40,
    total_tokens: 40 * speed,
    cost_per_1k_tokens: cost,
    tests_passed: tests,
    tests_total: tests,
    decode_tps: speed * 1.05,
    ttft_s: 0.21,
    tpot_s: 1 / (speed * 1.05),
  });
  return {
    id: facts.id ?? `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`,
    timestamp: facts.timestamp ?? "2026-11-20T10:00:00.000001",
    gpu_type: facts.gpu ?? "g2-gpu-rtx4000a1-s",
    gpu_count: 1,
    vram_per_gpu: 20,
    total_vram: 20,
    hourly_cost: hourly,
    model_id: facts.model ?? "Qwen/Qwen2.5-Coder-7B-Instruct",
    model_category: facts.category ?? "7b",
    vllm_config: {
      tensor_parallel_size: 1,
      max_model_len: 32768,
      gpu_memory_utilization: 0.9,
      vllm_version: "0.27.1",
      image: "vllm/vllm-openai:v0.27.1",
      ...facts.vllm,
    },
    results_by_category: facts.results ?? {
      coding: figures(4),
      context_heavy: figures(4),
      reasoning: figures(4),
    },
    summary: {
      ...figures(12),
      suite: "standard-1",
      method: "1",
      verdict: { state: "sound", reasons: [] },
      run: "run1",
      vm: `vm-${count}`,
      passes_asked: 1,
      ...(facts.timestamp === undefined ? { finished_utc: "2026-11-20T10:00:00.000Z" } : {}),
      ...facts.summary,
    },
    tests: [
      {
        test_name: "Code review",
        category: "coding",
        prompt: "p",
        success: true,
        expected_tokens: 200,
        elapsed_time: 4,
        prompt_tokens: 30,
        completion_tokens: 200,
        total_tokens: 230,
        tokens_per_sec: speed,
        completion: "text",
      },
    ],
  };
}
