import { describe, expect, it } from "vitest";
import { comparabilityKey, differingFields } from "../../src/evidence/comparability.ts";
import type { ComparabilityFacts } from "../../src/evidence/comparability.ts";

const record = (
  engine: Record<string, unknown> = {},
  summary: Record<string, unknown> = {},
  rest: Partial<ComparabilityFacts> = {},
): ComparabilityFacts => ({
  gpu_type: "g2-gpu-rtx4000a1-s",
  gpu_count: 1,
  model_id: "a/b",
  vllm_config: {
    tensor_parallel_size: 1,
    max_model_len: 8192,
    gpu_memory_utilization: 0.9,
    vllm_version: "0.27.1",
    enable_prefix_caching: true,
    ...engine,
  },
  summary: {
    avg_tokens_per_sec: 1,
    total_time: 1,
    total_tokens: 1,
    cost_per_1k_tokens: 1,
    tests_passed: 1,
    tests_total: 1,
    suite: "standard-1",
    method: "stream-1",
    driver: "580.95",
    gpu_power_limit_w: 130,
    ...summary,
  },
  tests: [{ test_name: "Code review", category: "coding", prompt: "", success: true }],
  ...rest,
});

describe("two records", () => {
  it("are comparable when they differ only in run and figures", () => {
    const other = record({}, { avg_tokens_per_sec: 9, run: "another", ttft_s: 3 });
    expect(differingFields(record(), other)).toEqual([]);
    expect(comparabilityKey(other)).toBe(comparabilityKey(record()));
    expect(comparabilityKey(record())).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each<[string, ComparabilityFacts, unknown, unknown]>([
    ["vllm_version", record({ vllm_version: "0.28.0" }), "0.27.1", "0.28.0"],
    ["max_model_len", record({ max_model_len: 4096 }), 8192, 4096],
    ["enable_prefix_caching", record({ enable_prefix_caching: false }), true, false],
    ["driver", record({}, { driver: "590.1" }), "580.95", "590.1"],
    ["gpu_power_limit_w", record({}, { gpu_power_limit_w: 100 }), 130, 100],
    ["suite", record({}, { suite: "custom-1" }), "standard-1", "custom-1"],
    ["method", record({}, { method: undefined }), "stream-1", "legacy"],
    ["simulated", record({}, { simulated: true }), false, true],
    ["gpu_type", record({}, {}, { gpu_type: "x" }), "g2-gpu-rtx4000a1-s", "x"],
    ["model_id", record({}, {}, { model_id: "c/d" }), "a/b", "c/d"],
    ["tests", record({}, {}, { tests: [] }), "Code review", ""],
  ])("that differ in %s report it and have different keys", (field, other, a, b) => {
    expect(differingFields(record(), other)).toEqual([{ field, a, b }]);
    expect(comparabilityKey(other)).not.toBe(comparabilityKey(record()));
  });

  it("differ if peer-to-peer access was off in one, and count it as on where it is not stated", () => {
    const [before, off] = [record(), record({ disable_custom_all_reduce: true })];
    expect(differingFields(before, off)).toEqual([
      { field: "disable_custom_all_reduce", a: false, b: true },
    ]);
    expect(comparabilityKey(off)).not.toBe(comparabilityKey(before));
    const on = record({ disable_custom_all_reduce: false });
    expect(differingFields(before, on)).toEqual([]);
    expect(comparabilityKey(on)).toBe(comparabilityKey(before));
  });

  it("differ if they come from servers with different configuration fingerprints", () => {
    const [a, b] = ["vllm-0.32.0-3bef6e5d, 1 engine, aa", "vllm-0.32.0-fa08076e, 1 engine, aa"];
    const [first, second] = [record({ server_config: a }), record({ server_config: b })];
    expect(differingFields(first, second)).toEqual([{ field: "server_config", a, b }]);
    expect(comparabilityKey(first)).not.toBe(comparabilityKey(second));
  });

  it("keep the key that version 0.1 gave them, which did not include the server's fingerprint", () => {
    const key = "7bf6ec071e5ae2f1";
    expect(comparabilityKey(record())).toBe(key);
    expect(comparabilityKey(record({ system_fingerprint: "vllm-0.32.0-3bef6e5d" }))).toBe(key);
  });

  it("do not report a difference in an ignored field", () => {
    const other = record({}, {}, { gpu_type: "x" });
    expect(differingFields(record(), other, ["gpu_type"])).toEqual([]);
  });

  it("do not report a difference in a field that only one of them states", () => {
    expect(differingFields(record(), record({ vllm_version: undefined, image: "x:1" }))).toEqual(
      [],
    );
  });
});
