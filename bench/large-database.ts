import { writeFileSync } from "node:fs";

/** With the types below, these give 600 configurations of 16 or 17 passes. */
const MODELS = Array.from(
  { length: 120 },
  (_, number) => `maker-${number % 7}/Model-${number}-14B-AWQ`,
);
const TYPES = [
  "g1-gpu-rtx6000-1",
  "g1-gpu-rtx6000-2",
  "g2-gpu-rtx4000a1-s",
  "g2-gpu-rtx4000a2-s",
  "g2-gpu-rtx4000a4-m",
];
const CATEGORIES = ["coding", "context_heavy", "reasoning"];

/** A database in the Python tool's format, with 12 tests per record of about 12.5 kB. */
export function writeLargeDatabase(file: string, records: number): void {
  const prompt = "Explain what this code does, line by line, and how you would improve it. ".repeat(
    5,
  );
  const completion = "The function reads a list and returns the sum of its even members. "
    .repeat(3)
    .slice(0, 200);
  const benchmarks = Array.from({ length: records }, (_, number) => {
    const speed = 40 + (number % 17) / 10;
    const figures = (tests: number) => ({
      avg_tokens_per_sec: speed + 0.123456789012345,
      total_time: 63.5330669428712 + number / 1000,
      total_tokens: 2819,
      cost_per_1k_tokens: 0.018706075250466875,
      tests_passed: tests,
    });
    return {
      id: `${number.toString(16).padStart(8, "0")}-8c38-4b29-98f1-35d25f557203`,
      timestamp: new Date(Date.UTC(2026, 5, 1) + number * 1_000_000)
        .toISOString()
        .replace("Z", "456"),
      gpu_type: TYPES[number % TYPES.length],
      gpu_count: 2,
      vram_per_gpu: 24,
      total_vram: 48,
      hourly_cost: 3,
      model_id: MODELS[Math.floor(number / TYPES.length) % MODELS.length],
      model_category: "70b",
      vllm_config: { tensor_parallel_size: 2, max_model_len: 32768, gpu_memory_utilization: 0.9 },
      results_by_category: Object.fromEntries(CATEGORIES.map((category) => [category, figures(4)])),
      summary: { ...figures(12), tests_total: 12 },
      tests: Array.from({ length: 12 }, (_, test) => ({
        test_name: `Multi-file code analysis ${test}`,
        category: CATEGORIES[Math.floor(test / 4)],
        prompt,
        expected_tokens: 800,
        success: true,
        elapsed_time: 15.086002299627806,
        prompt_tokens: 123,
        completion_tokens: 654,
        total_tokens: 777,
        tokens_per_sec: 43.35144506879302,
        completion,
      })),
    };
  });
  writeFileSync(file, JSON.stringify({ version: "1.0", benchmarks }, undefined, 2));
}
